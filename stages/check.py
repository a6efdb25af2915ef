"""check: refuse a wrong params.yaml before anything is built, and name what removed categories left behind."""

from legato import categories
from legato.check import check, left_behind
from legato.errors import stage


def main() -> None:
    check()
    for folder in left_behind(categories.names()):
        print(f"note: {folder}: params.yaml has no such category; nothing reads it and it may be deleted")


if __name__ == "__main__":
    stage(main)
