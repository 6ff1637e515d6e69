"""Every delivered metric, computed again in pandas from the definitions: the second opinion on the warehouse.

Nothing here reads SQL or the warehouse. The definitions are the texts of the metric registry; the input is the
truth the demonstration data were written from. Read `catalogue` first: one function per metric family.
"""
