"""Every method and path that the plain handlers answer, as the matrix of access has them."""

from __future__ import annotations

from typing import Final

from node_api.hot.log import CONSISTENCY_PATH, ENTRIES_PATH, ROOT_PATH
from node_api.hot.routes import LIVE_PATH
from node_api.hot.verify import PATH as VERIFY_PATH
from node_api.web.page import DOOR_PATH, FILES, PAGE_PATH

SERVED: Final = frozenset(
    {
        ("POST", VERIFY_PATH),
        ("GET", ROOT_PATH),
        ("GET", CONSISTENCY_PATH),
        ("GET", ENTRIES_PATH),
        ("GET", f"{ENTRIES_PATH}/{{log_index}}"),
        ("GET", f"{ENTRIES_PATH}/{{log_index}}/inclusion-proof"),
        ("GET", LIVE_PATH),
        ("GET", DOOR_PATH),
        ("GET", PAGE_PATH),
        ("POST", PAGE_PATH),
        *(("GET", path) for path in FILES),
    }
)
