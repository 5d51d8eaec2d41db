"""Reading clerks' workbooks (ECMA-376, Office Open XML), in flat memory, and writing templates."""
