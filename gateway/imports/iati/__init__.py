"""Reading IATI 2.01 to 2.03 files: first the file as a whole, then activity by activity.

``scan`` reads a file once from end to end and refuses what is wrong with it as a whole; ``read`` then yields
its activities or organisations one by one, as contracts or with the problems that refuse them.
"""
