import BeaconAPI
import Ethereum
import SSZ

extension BeaconClient {
    /// Ids in one request body. Answers are some 600 bytes for each, and are read in one go.
    private static let chunkMax = 1000

    /// Unknown validators have no row; the order is the node's. An empty list of ids gives no rows.
    ///
    /// Long lists are asked for in parts, one after the other.
    package func validators(
        _ selection: ValidatorSelection, state: StateID = .head
    ) async throws(BeaconError) -> [BeaconValidator] {
        var rows: [BeaconValidator] = []
        // To a beacon node no ids mean all validators.
        for part in selection.chunks(of: Self.chunkMax) { rows += try await validators(part, state) }
        return rows
    }

    /// What each node in use says of these validators, in the nodes' order. Those that fail say nothing; nor does a node
    /// that is the only one, which has been asked already.
    package func validatorsOfEach(_ pubKeys: [PubKey]) async -> [[BeaconValidator]] {
        let (following, idle) = usable(nodes.indices)
        let asked = (following + idle).sorted()
        guard asked.count > 1 else { return [] }
        return await withTaskGroup(of: (Int, [BeaconValidator]).self) { group in
            for node in asked {
                group.addTask {
                    do throws(BeaconError) {
                        var rows: [BeaconValidator] = []
                        for part in ValidatorSelection.pubKeys(pubKeys).chunks(of: Self.chunkMax) {
                            rows += try await self.validators(part, .head, at: node)
                        }
                        return (node, rows)
                    } catch {
                        return (node, [])
                    }
                }
            }
            var answers: [(node: Int, rows: [BeaconValidator])] = []
            for await (node, rows) in group { answers.append((node, rows)) }
            return answers.sorted { $0.node < $1.node }.map { $0.rows }
        }
    }

    /// Which of these validators each node in use has seen vote in an epoch, in the nodes' order; nil of those that do not
    /// tell. Nodes tell of the current epoch and of the one before.
    package func livenessOfEach(_ epoch: Epoch, _ indices: [ValidatorIndex]) async -> [Set<ValidatorIndex>?] {
        let (following, idle) = usable(nodes.indices)
        var answers: [Set<ValidatorIndex>?] = []
        for node in (following + idle).sorted() {
            do throws(BeaconError) {
                var live: Set<ValidatorIndex> = []
                for first in stride(from: 0, to: indices.count, by: Self.chunkMax) {
                    let part = Array(indices[first..<min(first + Self.chunkMax, indices.count)])
                    live.formUnion(try await call(.liveness(epoch, part), at: node) { try BeaconAnswer.live($0) })
                }
                answers.append(live.intersection(indices))
            } catch {
                answers.append(nil)
            }
        }
        return answers
    }

    /// - Parameter node: the only one to ask; nil for all.
    private func validators(
        _ selection: ValidatorSelection, _ state: StateID, at node: Int? = nil
    ) async throws(BeaconError) -> [BeaconValidator] {
        do {
            return try await call(.validators(state, selection), at: node) { try Self.rows($0, of: selection) }
        } catch {
            // Nodes behind some proxies take no POST.
            guard [403, 404, 405, 415, 501].contains(error.httpStatus), selection.count != nil else { throw error }
            var rows: [BeaconValidator] = []
            for part in selection.chunks(of: BeaconEndpoint.queryIDsMax) {
                rows += try await call(.validatorsByQuery(state, part), at: node) { try Self.rows($0, of: part) }
            }
            return rows
        }
    }

    private static func rows(_ json: JSONValue, of selection: ValidatorSelection) throws -> [BeaconValidator] {
        let rows = try BeaconAnswer.validators(json)
        switch selection {
        case .all: return rows
        case .pubKeys(let keys):
            let asked = Set(keys)
            return rows.filter { asked.contains($0.validator.pubKey) }
        case .indices(let indices):
            let asked = Set(indices)
            return rows.filter { asked.contains($0.index) }
        }
    }
}
