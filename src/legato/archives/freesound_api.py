"""x"""

from legato.errors import LegatoError


class FreesoundApi:
    def __init__(self, *_):
        raise LegatoError("later")
