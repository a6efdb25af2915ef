"""quality: what the codes keep of the audio, as metrics."""

from legato.errors import stage
from legato.files import write_json
from legato.measure.quality import quality_of
from legato.work.recorded import verified
from legato.workspace import categories
from legato.workspace.layout import QUALITY, WEIGHTS


def main() -> None:
    write_json(QUALITY.path, quality_of(categories.names(), WEIGHTS.path))


if __name__ == "__main__":
    stage(verified(main))
