"""What the mock provider says on the wire: one class per API, each with frames for a stream and a body for a whole answer."""

import json
import time


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def sse(value, event=None):
    return ((f"event: {event}\n" if event else "") + f"data: {compact(value)}\n\n").encode()


class Dialect:
    def __init__(self, model, n_in):
        self.model, self.n_in, self.now = model, n_in, int(time.time())

    def first(self):
        return b""


class Chat(Dialect):
    """OpenAI chat completions."""

    def chunk(self, **fields):
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": self.now}
        return sse({**head, "model": self.model, **fields})

    def delta(self, delta, finish=None):
        return self.chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])

    def first(self):
        return self.delta({"role": "assistant", "content": ""})

    def token(self, text, _i):
        return self.delta({"content": text})

    def last(self, _full, n):
        usage = {"prompt_tokens": self.n_in, "completion_tokens": n, "total_tokens": n + self.n_in}
        return self.delta({}, "stop") + self.chunk(choices=[], usage=usage) + b"data: [DONE]\n\n"

    def tool(self, call):
        said = {"name": call["name"], "arguments": ""}
        begun = {"index": 0, "id": call["id"], "type": "function", "function": said}
        arguments = {"index": 0, "function": {"arguments": compact(call["arguments"])}}
        return (
            self.delta({"role": "assistant", "content": None, "tool_calls": [begun]})
            + self.delta({"tool_calls": [arguments]})
            + self.delta({}, "tool_calls")
            + b"data: [DONE]\n\n"
        )

    def whole(self, text, n):
        message = {"role": "assistant", "content": text}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": self.now,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": n, "total_tokens": n + 1},
        }


class Responses(Dialect):
    """OpenAI responses."""

    TEXT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}

    def response(self, status, output, **more):
        head = {"id": "resp_1", "object": "response", "created_at": self.now, "status": status}
        return {**head, "model": self.model, "output": output, **more}

    @staticmethod
    def event(kind, number, **fields):
        return sse({"type": kind, "sequence_number": number, **fields}, kind)

    @staticmethod
    def message(status, *texts):
        content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
        return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}

    def first(self):
        item = self.message("in_progress")
        part = {"type": "output_text", "text": "", "annotations": []}
        return (
            self.event("response.created", 0, response=self.response("in_progress", []))
            + self.event("response.output_item.added", 1, output_index=0, item=item)
            + self.event("response.content_part.added", 2, **self.TEXT, part=part)
        )

    def token(self, text, i):
        return self.event("response.output_text.delta", i + 3, **self.TEXT, delta=text)

    def last(self, full, n):
        item = self.message("completed", full)
        usage = {"input_tokens": self.n_in, "output_tokens": n, "total_tokens": n + self.n_in}
        done = self.response("completed", [item], usage=usage)
        return (
            self.event("response.output_text.done", n + 3, **self.TEXT, text=full)
            + self.event("response.output_item.done", n + 4, output_index=0, item=item)
            + self.event("response.completed", n + 5, response=done)
        )

    def tool(self, call):
        arguments = compact(call["arguments"])
        where = {"item_id": "fc_1", "output_index": 0}
        item = {"id": "fc_1", "type": "function_call", "call_id": call["id"], "name": call["name"]}
        item |= {"arguments": arguments, "status": "completed"}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        done = self.response("completed", [item], usage=usage)
        begun = {**item, "arguments": "", "status": "in_progress"}
        return (
            self.event("response.created", 0, response={**done, "status": "in_progress", "output": []})
            + self.event("response.output_item.added", 1, output_index=0, item=begun)
            + self.event("response.function_call_arguments.delta", 2, **where, delta=arguments)
            + self.event("response.function_call_arguments.done", 3, **where, arguments=arguments)
            + self.event("response.output_item.done", 4, output_index=0, item=item)
            + self.event("response.completed", 5, response=done)
        )

    def whole(self, text, n):
        usage = {"input_tokens": 1, "output_tokens": n, "total_tokens": n + 1}
        return self.response("completed", [self.message("completed", text)], usage=usage)


class Anthropic(Dialect):
    """Anthropic messages."""

    @staticmethod
    def event(kind, **fields):
        return sse({"type": kind, **fields}, kind)

    def message(self, **fields):
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": self.model, **fields}

    def begin(self, input_tokens, block):
        usage = {"input_tokens": input_tokens, "output_tokens": 1}
        message = self.message(content=[], stop_reason=None, stop_sequence=None, usage=usage)
        return self.event("message_start", message=message) + self.event(
            "content_block_start", index=0, content_block=block
        )

    def delta(self, delta):
        return self.event("content_block_delta", index=0, delta=delta)

    def end(self, reason, n):
        stop = {"stop_reason": reason, "stop_sequence": None}
        return (
            self.event("content_block_stop", index=0)
            + self.event("message_delta", delta=stop, usage={"output_tokens": n})
            + self.event("message_stop")
        )

    def first(self):
        return self.begin(10, {"type": "text", "text": ""})

    def token(self, text, _i):
        return self.delta({"type": "text_delta", "text": text})

    def last(self, _full, n):
        return self.end("end_turn", n)

    def tool(self, call):
        block = {"type": "tool_use", "id": call["id"], "name": call["name"], "input": {}}
        arguments = {"type": "input_json_delta", "partial_json": compact(call["arguments"])}
        return self.begin(1, block) + self.delta(arguments) + self.end("tool_use", 5)

    def whole(self, text, n):
        return self.message(
            content=[{"type": "text", "text": text}],
            stop_reason="end_turn",
            stop_sequence=None,
            usage={"input_tokens": 1, "output_tokens": n},
        )


class Gemini(Dialect):
    """Gemini generateContent."""

    @staticmethod
    def candidate(part, **fields):
        return {"content": {"parts": [part], "role": "model"}, **fields, "index": 0}

    def token(self, text, _i):
        return sse({"candidates": [self.candidate({"text": text})], "modelVersion": self.model})

    def last(self, _full, n):
        usage = {"promptTokenCount": self.n_in, "candidatesTokenCount": n, "totalTokenCount": n + self.n_in}
        return sse(
            {"candidates": [self.candidate({"text": ""}, finishReason="STOP")], "usageMetadata": usage}
        )

    def tool(self, call):
        part = {"functionCall": {"name": call["name"], "args": call["arguments"]}}
        return sse({"candidates": [self.candidate(part, finishReason="STOP")]})

    def whole(self, text, _n):
        return {"candidates": [self.candidate({"text": text}, finishReason="STOP")]}
