"""Scenarios: Arazzo 1.0.1 files, loaded and run. How their requests are sent is the caller's matter."""

from understudy.contract.arazzo.criteria import Criterion
from understudy.contract.arazzo.document import load
from understudy.contract.arazzo.expressions import ABSENT, Absent
from understudy.contract.arazzo.nodes import Action, ArazzoFile, Parameter, Replacement, RequestBody, Step, Workflow
from understudy.contract.arazzo.patience import Patience
from understudy.contract.arazzo.runner import Ending, Result, bind, run
from understudy.contract.arazzo.session import OperationRef, Operations, Sender, StepRun

__all__ = [
    "ABSENT",
    "Absent",
    "Action",
    "ArazzoFile",
    "Criterion",
    "Ending",
    "OperationRef",
    "Operations",
    "Parameter",
    "Patience",
    "Replacement",
    "RequestBody",
    "Result",
    "Sender",
    "Step",
    "StepRun",
    "Workflow",
    "bind",
    "load",
    "run",
]
