"""The table of faults: every one that the practice upstream plays, by the name of the model to ask for."""

from collections.abc import Mapping
from types import MappingProxyType

from bursar.practice.faults import (
    before_headers,
    breaks,
    compression,
    framing,
    headers_back,
    hidden_no,
    no_progress,
    over_limit,
    over_time,
    redirects,
    sse_content,
    sse_grammar,
    statuses,
    wrong_form,
)
from bursar.practice.faults.fault import Fault

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for group in (
            before_headers,
            framing,
            statuses,
            hidden_no,
            redirects,
            headers_back,
            sse_grammar,
            sse_content,
            compression,
            breaks,
            no_progress,
            wrong_form,
            over_time,
            over_limit,
        )
        for fault in group.FAULTS
    }
)
