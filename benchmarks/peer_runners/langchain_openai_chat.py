"""``ChatOpenAI.ainvoke`` of langchain-openai."""

from collections.abc import Awaitable, Callable

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from said import KEY, MODEL, bare_body
from timing import main


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    body = bare_body(kind)
    asked = ChatOpenAI(model=MODEL, base_url=f"{url}/v1", api_key=KEY, temperature=0.2, max_tokens=256, max_retries=0)
    if "tools" in body:
        asked = asked.bind_tools(body["tools"])
    spoken = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    messages = [spoken[message["role"]](message["content"]) for message in body["messages"]]

    async def call() -> object:
        answer = await asked.ainvoke(messages)
        return [tool["name"] for tool in answer.tool_calls] or answer.content

    return call


if __name__ == "__main__":
    main(client)
