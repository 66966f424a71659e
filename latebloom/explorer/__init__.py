"""The explorer: a folder of runs, served as pages on this machine.

`folder.py` reads the runs, `models.py` keeps the newest few open, `app.py` is the typed API, and
`safety.py` says who may ask it. The page itself is `explore.html`, `explore.js` and `explore.css`.
"""
