import Cluster
import Ethereum
import SSZ

/// What became of exits that were left with the operator's node.
extension Exits {
    private static let pause = Duration.seconds(1)
    /// How long a beacon node may take for what is complete.
    private static let pausesMax = 20

    /// Says how many operators have asked, and what the node's beacon node said of what is complete. One that was refused
    /// is a failure; it is handed in again whenever its operator asks again.
    func tell(
        _ items: [Item], _ epoch: Epoch, _ seat: Seat, _ node: RunningNode, isDryRun: Bool,
        _ pause: @Sendable (Duration) async throws -> Void
    ) async throws {
        guard var states = try await progress(epoch, node) else {
            notes.warn("the node at \(node.place) does not say how far the exits are")
            return
        }
        for _ in 0..<Self.pausesMax where !isDryRun && isUnderWay(items, states) {
            try await pause(Self.pause)
            states = try await progress(epoch, node) ?? states
        }
        var refused = 0
        for item in items {
            let state = states[item.pubKey] ?? ExitState(pubKey: item.pubKey, shares: [], stage: .open)
            let name = Self.name(item.pubKey, item.exit)
            switch state.stage {
            case .open: notes.say("\(name): \(count(state.shares, seat))")
            case .complete:
                notes.say(
                    "\(name): enough operators have requested it; the node has not published it yet, and goes on trying"
                )
            case .published: notes.say("\(name): published")
            case .refused(let reason):
                refused += 1
                notes.warn(
                    "\(name): enough operators have requested it, but the node's beacon node refuses it: \(reason)")
            }
        }
        guard refused == 0 || isDryRun else {
            throw ClusterError.field(
                "exits",
                "\(refused) of \(items.count) were refused by the node's beacon node; see above. Once the reason is gone, run this"
                    + " again: the node hands them in again")
        }
    }

    private func progress(_ epoch: Epoch, _ node: RunningNode) async throws -> [PubKey: ExitState]? {
        do throws(RunningNode.Fault) {
            return try await node.progress(in: epoch, validators: cluster.pubKeys.count)
        } catch {
            switch error {
            case .unavailable(let fault), .unknown(let fault): throw fault
            case .refused(let reason):
                throw ClusterError.option(RunningNode.option, "the node at \(node.place) says: \(reason)")
            }
        }
    }

    private func isUnderWay(_ items: [Item], _ states: [PubKey: ExitState]) -> Bool {
        items.contains { states[$0.pubKey]?.stage == .complete }
    }

    private func count(_ shares: [Int], _ seat: Seat) -> String {
        let names = shares.map { $0 == seat.shareIndex ? "this one" : "share \($0)" }.joined(separator: ", ")
        return "\(shares.count) of the \(cluster.threshold) operators that are needed have requested it, as far as the"
            + " node knows" + (names.isEmpty ? "" : ": \(names)")
    }
}
