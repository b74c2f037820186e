"""The Gantt chart of a run without a screen: phases, the axis, rows, and how they are painted."""
