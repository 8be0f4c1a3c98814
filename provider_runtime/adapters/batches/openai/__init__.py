"""OpenAI's batch files: lines that hold the body of a call, answered by lines that hold the body of its answer."""
