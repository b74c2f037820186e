"""The run filter: which tracked runs are wanted, and in what order.

MLflow's grammar of ``search_runs``, unchanged, and more: see ``grammar``. Texts become trees
(``parse``, ``order``), trees become queries (``select_runs``) or texts again (``unparse``).
"""

from store.run_filter.errors import FilterError
from store.run_filter.parsing import order, parse
from store.run_filter.printing import unparse, unparse_order
from store.run_filter.selecting import count_runs, select_runs
from store.run_filter.tree import Filter, OrderBy
