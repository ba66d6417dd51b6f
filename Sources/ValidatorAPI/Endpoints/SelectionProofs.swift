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
    func selectionProofs(_ objects: [SubmittedObject], _ call: APICall) async throws -> SelectionProofs {
        let found = FoundProofs(SelectionProofs(refused: try await take(objects)))
        let refused = found.all.refused
        let waits = Dictionary(grouping: objects.filter { refused[$0.place] == nil }) { SelectionKey($0.duty, $0.key) }
        do {
            try await call.patience.run { [backend] in
                try await withThrowingTaskGroup { group in
                    for (key, objects) in waits {
                        group.addTask {
                            let result = try await Self.wait(for: key, backend)
                            found.add(result, at: objects.map(\.place))
                        }
                    }
                    try await group.waitForAll()
                }
            }
        } catch Interruption.timeout {}
        return found.all
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

private struct SelectionKey: Hashable, Sendable {
    let duty: Duty
    let entry: EntryKey

    init(_ duty: Duty, _ entry: EntryKey) {
        self.duty = duty
        self.entry = entry
    }
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
