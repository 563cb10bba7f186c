"""Every operation of the API."""

from __future__ import annotations

from wearable_agg.api.acting import ACTING
from wearable_agg.api.caring import CARING
from wearable_agg.api.deciding import DECIDING
from wearable_agg.api.operating import OPERATING
from wearable_agg.api.pushing import PUSHING
from wearable_agg.api.reading import READING

ROUTES = (*READING, *DECIDING, *ACTING, *CARING, *OPERATING, *PUSHING)
