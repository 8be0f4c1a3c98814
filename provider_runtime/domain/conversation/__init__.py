"""What is said: messages, tools, requests and responses, in nobody's dialect."""
