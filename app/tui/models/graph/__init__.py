"""The graph of a DAG in text: what is shown, where it stands, how its edges run. Pure.

``shape`` says which nodes and edges are seen, ``layers`` puts them into layers and orders these,
``placing`` gives each a place across its layer, ``routing`` each edge a track between two layers;
``layout`` makes cells of it all, ``painting`` characters, ``moving`` knows where a cursor goes.
"""
