/// A renaming under which the cluster stays the same: of the values, of two nodes that lead no round, or of both.
struct Symmetry: Sendable {
    /// Of each place the standing that takes its part.
    private let images: [[Int]]
    /// Which places change theirs.
    private let places: [Int]

    func apply(_ ids: [Int], _ pack: ((Int, Int, Int)) -> UInt64) -> UInt64 {
        pack(
            (
                images[places[0]][ids[places[0]]], images[places[1]][ids[places[1]]], images[places[2]][ids[places[2]]]
            ))
    }

    /// Those that hold: every one is checked, move by move, in the graphs of the shipped values.
    static func all(of graphs: [LocalGraph], _ world: World) -> [Symmetry] {
        let values = values(of: graphs)
        guard let twins = twins(of: graphs, world) else { return values.map { [$0] } ?? [] }
        guard let values else { return [twins] }
        let both = Symmetry(
            images: twins.images.enumerated().map { place, images in
                // First the node, then the values there.
                images.map { values.images[twins.places[place]][$0] }
            }, places: twins.places)
        return [values, twins, both]
    }

    private static func values(of graphs: [LocalGraph]) -> Symmetry? {
        var images: [[Int]] = []
        for graph in graphs {
            let image = graph.standings.compactMap { graph.id(of: $0.swapped) }
            guard image.count == graph.count,
                isMirror(graph, graph, image, { $0.swappingValues })
            else { return nil }
            images.append(image)
        }
        return Symmetry(images: images, places: [0, 1, 2])
    }

    private static func twins(of graphs: [LocalGraph], _ world: World) -> Symmetry? {
        guard let (one, other) = world.twins, let first = graphs.firstIndex(where: { $0.node == one }),
            let second = graphs.firstIndex(where: { $0.node == other })
        else { return nil }
        var images: [[Int]] = graphs.map { Array(0..<$0.count) }
        var places = [0, 1, 2]
        places.swapAt(first, second)
        for (place, graph) in graphs.enumerated() {
            let target = graphs[places[place]]
            let image = graph.standings.compactMap { target.id(of: $0) }
            guard image.count == graph.count, target.count == graph.count,
                isMirror(graph, target, image, { $0.swapping(one, other) })
            else { return nil }
            images[place] = image
        }
        return Symmetry(images: images, places: places)
    }

    /// Whether each move has its counterpart.
    private static func isMirror(
        _ graph: LocalGraph, _ target: LocalGraph, _ image: [Int], _ rename: (VoteSet) -> VoteSet
    ) -> Bool {
        graph.moveCount == target.moveCount
            && graph.moves.indices.allSatisfy { id in
                let there = target.moves[image[id]]
                return graph.moves[id].count == there.count
                    && graph.moves[id].allSatisfy { move in
                        there.contains { $0.to == image[move.to] && $0.needs == rename(move.needs) }
                    }
            }
    }
}
