import Ethereum
import SSZ

/// Which validators a request of `states/{state_id}/validators` asks for.
package enum ValidatorSelection: Hashable, Sendable {
    /// Every validator of the chain. Large: hundreds of megabytes on mainnet.
    case all
    case pubKeys([PubKey])
    case indices([ValidatorIndex])

    /// Nil for `all`.
    package var count: Int? {
        switch self {
        case .all: nil
        case .pubKeys(let keys): keys.count
        case .indices(let indices): indices.count
        }
    }

    /// The ids as the API writes them; empty for `all`.
    package var ids: [String] {
        switch self {
        case .all: []
        case .pubKeys(let keys): keys.map { $0.hex }
        case .indices(let indices): indices.map { $0.description }
        }
    }

    /// The same in parts of this many ids, at least 1. None for no ids; `all` stays whole.
    package func chunks(of size: Int) -> [ValidatorSelection] {
        func cut<Element>(_ ids: [Element]) -> [[Element]] {
            stride(from: 0, to: ids.count, by: size).map { Array(ids[$0..<min($0 + size, ids.count)]) }
        }
        switch self {
        case .all: return [.all]
        case .pubKeys(let keys): return cut(keys).map { .pubKeys($0) }
        case .indices(let indices): return cut(indices).map { .indices($0) }
        }
    }

    /// Reads ids. The first one decides: with `0x` all must be public keys, else all must be indices
    /// (validator-api.md §4.2). No ids: all validators. Nil if one of them is malformed.
    package init?(ids: [String]) {
        guard let first = ids.first else {
            self = .all
            return
        }
        if first.hasPrefix("0x") || first.hasPrefix("0X") {
            var keys: [PubKey] = []
            for id in ids {
                guard id.hasPrefix("0x") || id.hasPrefix("0X"), let key = try? PubKey(hex: id) else { return nil }
                keys.append(key)
            }
            self = .pubKeys(keys)
        } else {
            var indices: [ValidatorIndex] = []
            for id in ids {
                guard let index = ValidatorIndex(decimal: id) else { return nil }
                indices.append(index)
            }
            self = .indices(indices)
        }
    }
}
