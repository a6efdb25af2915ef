"""codec: put the weights that params.yaml names in place, fetched and checked."""

from legato import params
from legato.codec_weights import CodecParams, fetch
from legato.errors import stage


def main() -> None:
    wanted = params.load("codec", CodecParams)
    print(f"codec {wanted.weights}: sha256 {fetch(wanted)}")


if __name__ == "__main__":
    stage(main)
