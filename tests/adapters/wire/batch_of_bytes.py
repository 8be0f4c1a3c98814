"""Encodes, decodes and hands over a batch on every wire, and prints the digests: run by a test under several seeds."""

import sys
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from all_wires import WIRES, a_reply
from attrs import evolve
from field_cases import CASES

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.errors import ProviderRuntimeError


def main() -> None:
    """One line for each request and each answer."""
    converter = make_converter()
    for wire in WIRES:
        for model_id in wire.models:
            target = wire.codec.handoff_target(wire.provider, model_id)
            for case in CASES:
                request = case.make(wire, model_id)
                handed = hand_off(request.messages, target)
                try:
                    encoded = wire.codec.encode(evolve(request, messages=handed.messages), wire.provider)
                    told = repr((encoded.path, encoded.headers, encoded.warnings, handed.losses)).encode()
                    digest = sha256(encoded.body + b"\0" + told).hexdigest()
                except ProviderRuntimeError as error:
                    digest = sha256(str(error).encode()).hexdigest()
                print(wire.name, model_id, case, digest)  # noqa: T201 - what the test reads
        for number, body in enumerate(wire.golden_answers()):
            try:
                outcome = to_json(converter, wire.codec.decode(a_reply(body), wire.prepared()))
            except ProviderRuntimeError as error:
                outcome = str(error).encode()
            print(wire.name, "answer", number, sha256(outcome).hexdigest())  # noqa: T201 - as above


if __name__ == "__main__":
    main()
