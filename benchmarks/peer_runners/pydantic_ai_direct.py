"""``pydantic_ai.direct.model_request``: one request of a model, without an agent's loop."""

from collections.abc import Awaitable, Callable

from pydantic_ai import ModelRequest, ModelResponse, ToolDefinition
from pydantic_ai.direct import model_request
from pydantic_ai.messages import SystemPromptPart, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from said import KEY, MODEL, bare_body
from timing import main


def said_by(message: dict[str, str]) -> ModelRequest | ModelResponse:
    if message["role"] == "assistant":
        return ModelResponse(parts=[TextPart(message["content"])])
    part = SystemPromptPart if message["role"] == "system" else UserPromptPart
    return ModelRequest(parts=[part(message["content"])])


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=KEY))
    body = bare_body(kind)
    history = [said_by(message) for message in body["messages"]]
    tools = [
        ToolDefinition(name=one["name"], description=one["description"], parameters_json_schema=one["parameters"])
        for one in (tool["function"] for tool in body.get("tools", ()))
    ]
    offered = ModelRequestParameters(function_tools=tools, allow_text_output=True)
    settings = {"temperature": body["temperature"], "max_tokens": body["max_tokens"]}

    async def call() -> object:
        answer = await model_request(
            model, history, model_settings=settings, model_request_parameters=offered if tools else None
        )
        return [part.tool_name for part in answer.parts if isinstance(part, ToolCallPart)] or answer.parts[0].content

    return call


if __name__ == "__main__":
    main(client)
