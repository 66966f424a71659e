"""Circles: ways along one relation that lead from a name back to it (a part of b, b part of a).

Enters: a table. Leaves: one circle of each relation that has some, with the row at which it comes
up first. Where a relation holds both ways nearly everywhere (`interacts with`) that is its nature,
and no trouble.

Covers: every circle of one relation. Does not cover: circles through several relations, which are
often meant; more than `MOST_FACTS` facts that are left when all ends have been taken away.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.answers import distinct
from latebloom.worlds.chains.checking.places import Places, fact_in_words
from latebloom.worlds.chains.checking.trouble import Finding, Trouble, trouble

BOTH_WAYS = 0.8
"""A relation is mutual if at least this share of its facts is told backwards as well."""
MOST_FACTS = 100_000
WAY_OUT = "mend them where the relation is an order, such as part of"

Ids = Int[ndarray, "_"]


def circles(places: Places, distinct: Ids) -> list[Trouble]:
    """Relations that lead in a circle.

    distinct: rows of the table, one for each fact.
    """
    table, n = places.table, np.int64(len(places.table.entities))
    rows = distinct[table.subject[distinct] != table.object[distinct]]
    relation = table.relation[rows]
    # A node for each relation and name: what leads in a circle there does so in one relation.
    head, tail = (relation * n + names[rows] for names in (table.subject, table.object))
    back = np.isin(tail * n + table.subject[rows], head * n + table.object[rows])
    facts = np.bincount(relation, minlength=len(table.relations))
    both = np.bincount(relation[back], minlength=len(facts))
    mutual = (both >= BOTH_WAYS * facts)[relation]
    rows, head, tail = without_ends(rows[~mutual], head[~mutual], tail[~mutual])
    if len(rows) > MOST_FACTS:
        first = int(rows.min())
        means = "facts may lead in circles, and are too many to follow"
        found = [Finding(places.number(first), fact_in_words(table, first))]
        return trouble("circle", means, WAY_OUT, len(rows), found)
    findings = []
    for row, way in first_circles(rows, head, tail, int(n)):
        told = " -> ".join(table.entities[node % n] for node in way)
        findings.append(Finding(places.number(row), f"{table.names(row)[1]}: {told}"))
    return trouble("circle", "relations lead in a circle", WAY_OUT, len(findings), findings)


def without_ends(rows: Ids, head: Ids, tail: Ids) -> tuple[Ids, Ids, Ids]:
    """The facts that are left when those that nothing leads to, or that lead nowhere, are taken
    away, and again, until all that are left lead on."""
    nodes = distinct(np.concatenate((head, tail)))
    first, last = np.searchsorted(nodes, head), np.searchsorted(nodes, tail)
    n = len(nodes)
    stays = in_or_behind_circles(first, last, n) & in_or_behind_circles(last, first, n)
    left = stays[first] & stays[last]
    return rows[left], head[left], tail[left]


def in_or_behind_circles(head: Ids, tail: Ids, n: int) -> Bool[ndarray, "_"]:
    """Which nodes are left when those that nothing leads to are taken away, and again.

    Source: A. B. Kahn, Topological sorting of large networks, 1962.
    """
    order = np.argsort(head, kind="stable")
    first = np.searchsorted(head[order], np.arange(n + 1)).tolist()
    leads, enters = tail[order].tolist(), np.bincount(tail, minlength=n)
    ends, enters = np.flatnonzero(enters == 0).tolist(), enters.tolist()
    while ends:
        node = ends.pop()
        for other in leads[first[node] : first[node + 1]]:
            enters[other] -= 1
            if not enters[other]:
                ends.append(other)
    return np.array(enters) > 0


def first_circles(rows: Ids, head: Ids, tail: Ids, n: int) -> Iterator[tuple[int, list[int]]]:
    """For each relation with a circle the first row of one, and its nodes from there and back.

    head, tail: nodes, `relation * n + name`.
    """
    import networkx

    order = np.argsort(-rows)  # of facts between the same nodes the first stays
    graph = networkx.DiGraph()
    graph.add_weighted_edges_from(
        zip(head[order].tolist(), tail[order].tolist(), rows[order].tolist(), strict=True), "row"
    )
    first: dict[int, tuple[int, int, int, set[int]]] = {}
    for nodes in networkx.strongly_connected_components(graph):
        inside = graph.subgraph(nodes)
        if not inside.number_of_edges():
            continue
        row, one, other = min((row, a, b) for a, b, row in inside.edges(data="row"))
        relation = one // n
        if relation not in first or row < first[relation][0]:
            first[relation] = (row, one, other, nodes)
    for row, one, other, nodes in sorted(first.values(), key=lambda found: found[0]):
        way = networkx.shortest_path(graph.subgraph(nodes), other, one)
        yield row, [one, *way]
