"""fetch@category: bring what an archive has for a category, judged record by record; or what its list already names."""

from legato.archives.fetching import fetch_category
from legato.errors import stage
from legato.work.recorded import verified


def main(category: str) -> None:
    fetch_category(category)


if __name__ == "__main__":
    stage(verified(main))
