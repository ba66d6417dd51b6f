import BLS
import DutyWorkflow
import Ethereum
import Synchronization

/// The key shares that sign now. One that is taken out signs nothing more, whatever is under way.
///
/// Who signs asks for the keys when they are needed, and hands in what was made. What a key made that was taken out
/// meanwhile is dropped there, under the lock that takes keys out. So once `remove` returns, all that its keys ever made
/// for others to see has been told, and nothing will follow.
package final class KeyRing: Sendable {
    package enum Key: Sendable {
        case share(SecretKey)
        /// A remote signer has it.
        case remote
    }

    private struct State: Sendable {
        var keys: [PubKey: Key]
        /// Counts removals.
        var generation: UInt64 = 0
        /// Uses of keys, and outcomes that are being told, by the generation in which that began.
        var busy: [UInt64: Int] = [:]
        var waiting: [(generation: UInt64, continuation: CheckedContinuation<Void, Never>)] = []

        func isBusy(before generation: UInt64) -> Bool { busy.keys.contains { $0 < generation } }

        /// - Returns: what to end it with.
        mutating func begin() -> UInt64 {
            busy[generation, default: 0] += 1
            return generation
        }
    }

    private let state: Mutex<State>

    package init(_ keys: [PubKey: Key]) { state = Mutex(State(keys: keys)) }

    /// By validator.
    package var keys: [PubKey: Key] { state.withLock { $0.keys } }

    package func holds(_ pubKey: PubKey) -> Bool { state.withLock { $0.keys[pubKey] != nil } }

    /// - Returns: false, and nothing changes, if the validator's key is there already.
    package func add(_ pubKey: PubKey, _ key: Key) -> Bool {
        state.withLock { state in
            guard state.keys[pubKey] == nil else { return false }
            state.keys[pubKey] = key
            return true
        }
    }

    /// Takes keys out, and returns once none of them is being used, and nothing of theirs is being told any more.
    ///
    /// - Returns: those that were there.
    package func remove(_ pubKeys: Set<PubKey>) async -> Set<PubKey> {
        let (removed, generation) = state.withLock { state in
            let removed = pubKeys.filter { state.keys.removeValue(forKey: $0) != nil }
            state.generation += 1
            return (removed, state.generation)
        }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if !state.isBusy(before: generation) { return true }
                state.waiting.append((generation, continuation))
                return false
            }
            if isQuiet { continuation.resume() }
        }
        return removed
    }

    /// Hands over the keys that are there. One that is taken out meanwhile is gone only after `use` has returned: whoever
    /// took it out can call back what was asked for with it.
    func use(_ use: ([PubKey: Key]) -> Void) {
        let (keys, generation) = state.withLock { state in (state.keys, state.begin()) }
        use(keys)
        end(generation)
    }

    /// Tells what was signed, without what keys made that are there no more.
    func tell(_ outcome: Signer.Outcome, _ tell: (Signer.Outcome) -> Void) {
        let (passed, generation) = state.withLock { state in
            var passed = outcome
            for entry in outcome.signed.keys where state.keys[entry.pubKey] == nil {
                passed.signed[entry] = nil
                passed.failures[entry] = .noKey(entry.pubKey)
            }
            return (passed, state.begin())
        }
        tell(passed)
        end(generation)
    }

    private func end(_ generation: UInt64) {
        let free = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            let left = (state.busy[generation] ?? 1) - 1
            state.busy[generation] = left == 0 ? nil : left
            let isFree: (UInt64) -> Bool = { [state] in !state.isBusy(before: $0) }
            let free = state.waiting.filter { isFree($0.generation) }.map(\.continuation)
            state.waiting.removeAll { isFree($0.generation) }
            return free
        }
        for continuation in free { continuation.resume() }
    }
}
