import Ethereum
import SSZ

extension APICall {
    /// Validators whose duties one request may ask for.
    private static let indicesMax = 1 << 16

    /// A body like `["1",2]`: validator indices as text or numbers, mixed as the client likes;
    /// `null` is an empty list. Repetitions are dropped.
    func validatorIndices() async throws -> [ValidatorIndex] {
        let indices = try await list { json throws(SSZError) in
            try json.elements(limit: Self.indicesMax) { json throws(SSZError) in
                guard let index = json.uint64 else { throw SSZError(.number) }
                return ValidatorIndex(index)
            }
        }
        var seen: Set<ValidatorIndex> = []
        return indices.filter { seen.insert($0).inserted }
    }
}
