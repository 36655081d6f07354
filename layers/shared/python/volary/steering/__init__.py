"""Words to parameters: what somebody asks of their feed, compiled into clauses that can be seen, edited and undone."""

from volary.steering.clauses import Clause
from volary.steering.compiler import Ask, Understanding, compile_text
from volary.steering.targets import Target

__all__ = ["Ask", "Clause", "Target", "Understanding", "compile_text"]
