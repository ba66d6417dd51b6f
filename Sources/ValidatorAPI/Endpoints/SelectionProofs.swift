import DutyWorkflow
import Ethereum
import Synchronization

/// Waits for the cluster's selection proofs (validator-api.md §5).
extension EndpointTable {
    /// What is there of a request's proofs, by place.
    struct SelectionProofs: Sendable {
        var signed: [Int: SignedData] = [:]
        /// Those that will not come.
        var refused: [Int: ValidatorAPIRefusal] = [:]
    }

    /// Hands our partial proofs to the node and waits until the cluster has completed all of them, or the request's
    /// time is nearly up. Equal entries share one wait.
    ///
    /// - Parameter mayLackLaterEpochs: those have a moment only once the first epoch's are there.
    func selectionProofs(
        _ objects: [SubmittedObject], _ call: APICall, mayLackLaterEpochs: Bool
    ) async throws -> SelectionProofs {
        let found = FoundProofs(SelectionProofs(refused: try await take(objects)))
        let refused = found.all.refused
        let places = Dictionary(grouping: objects.filter { refused[$0.place] == nil }) { SelectionKey($0.duty, $0.key) }
            .mapValues { $0.map(\.place) }
        let waits = places.sorted { $0.key < $1.key }.map { (key: $0.key, places: $0.value) }
        let firstEpoch = objects.map { backend.domains.epoch(of: $0.duty.slot) }.min()
        let split =
            mayLackLaterEpochs
            ? waits.firstIndex { backend.domains.epoch(of: $0.key.duty.slot) != firstEpoch } ?? waits.endIndex
            : waits.endIndex
        // The later ones have their moment even if the first are never complete.
        try await collect(
            waits[..<split], into: found,
            within: split == waits.endIndex ? call.patience : call.patience.ending(earlierBy: selectionGrace))
        try await collect(waits[split...], into: found, within: call.patience.endingWithin(selectionGrace))
        return found.all
    }

    /// Waits for some until the bound; no more at once than there are places.
    private func collect(
        _ waits: ArraySlice<SelectionWait>, into found: FoundProofs, within bound: RequestBound
    ) async throws {
        guard !waits.isEmpty else { return }
        do {
            try await bound.run { [backend, places] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    var open = 0
                    for wait in waits {
                        while open >= SelectionPlaces.ofRequest || !places.take() {
                            guard open > 0 else { throw APIFault.overloaded }
                            try await group.next()
                            open -= 1
                        }
                        open += 1
                        group.addTask {
                            defer { places.give() }
                            found.add(try await Self.wait(for: wait.key, backend), at: wait.places)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        } catch Interruption.timeout {}
    }

    private static func wait(
        for key: SelectionKey, _ backend: any ValidatorAPIBackend
    ) async throws -> Result<SignedData, ValidatorAPIRefusal> {
        do {
            return .success(try await backend.signed(key.duty, key.entry))
        } catch let refusal as ValidatorAPIRefusal {
            return .failure(refusal)
        }
    }
}

private typealias SelectionWait = (key: SelectionKey, places: [Int])

private struct SelectionKey: Hashable, Comparable, Sendable {
    let duty: Duty
    let entry: EntryKey

    init(_ duty: Duty, _ entry: EntryKey) {
        self.duty = duty
        self.entry = entry
    }

    static func < (a: Self, b: Self) -> Bool { (a.duty, a.entry) < (b.duty, b.entry) }
}

/// Filled by several tasks.
private final class FoundProofs: Sendable {
    private let proofs: Mutex<EndpointTable.SelectionProofs>

    init(_ proofs: EndpointTable.SelectionProofs) {
        self.proofs = Mutex(proofs)
    }

    var all: EndpointTable.SelectionProofs { proofs.withLock { $0 } }

    func add(_ result: Result<SignedData, ValidatorAPIRefusal>, at places: [Int]) {
        proofs.withLock { proofs in
            for place in places {
                switch result {
                case .success(let signed): proofs.signed[place] = signed
                case .failure(let refusal): proofs.refused[place] = refusal
                }
            }
        }
    }
}
