import Ethereum
import SSZ

/// What one operator signs so that a validator's blocks pay whom they wish, given what holds and what others signed.
///
/// All operators have to sign the same registration, timestamp included, so whoever is first decides about it:
///
///     newest agreement pays them already ────────────────────► agreed
///     else others wait for signatures on the same address ───► join
///     else none agreed yet, others wait on another address ──► refuse
///     else ──────────────────────────────────────────────────► begin
///
/// Registrations that are not newer than what holds would change nothing: they do not count. Source: cli-create.md §10.
struct FeeRecipientChange: Sendable {
    /// What the operator asks for. Nil: not said.
    struct Wish: Equatable, Sendable {
        var feeRecipient: Bytes20
        var gasLimit: UInt64?
        /// Unix seconds.
        var timestamp: UInt64?
    }

    enum Decision: Equatable, Sendable {
        case agreed(ValidatorRegistration)
        /// - Parameter overruled: flags that somebody else's registration has other values for.
        case join(ValidatorRegistration, overruled: [String])
        case begin(ValidatorRegistration)
        case refuse(String)
    }

    let pubKey: PubKey
    let wish: Wish
    /// Of the lock and of the overrides file, as far as there are any.
    let known: [ValidatorRegistration]
    let groups: [RegistrationGroup]

    /// Somebody's registration from the far future, once agreed upon, could never be replaced.
    private static let secondsAheadMax: UInt64 = 24 * 3600

    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - group: whose registration is joined must be verified by the caller.
    func decide(now: UInt64) -> Decision {
        let newestKnown = known.map(\.timestamp).max() ?? 0
        if let timestamp = wish.timestamp, timestamp <= newestKnown, !known.isEmpty {
            return .refuse(
                "--timestamp \(timestamp) is not later than that of the registration that holds, \(newestKnown)")
        }
        let agreed = groups.agreed?.message
        if let agreed, agreed.feeRecipient == wish.feeRecipient { return .agreed(agreed) }
        let newest = max(newestKnown, agreed?.timestamp ?? 0)
        let pending = groups.pending(after: newest)
        if let group = pending.filter({ $0.message.feeRecipient == wish.feeRecipient }).max(by: Self.isFewer) {
            return join(group.message, now: now)
        }
        if agreed == nil, let other = pending.first {
            return .refuse(
                "another change is in progress, to fee recipient \(other.message.feeRecipient) with"
                    + " \(other.partials.count) signatures; agree with the other operators on one")
        }
        return begin(agreed, after: newest, now: now)
    }

    /// Every operator who sees the same must choose the same.
    private static func isFewer(_ a: RegistrationGroup, _ b: RegistrationGroup) -> Bool {
        (a.partials.count, a.message.timestamp, a.message.gasLimit)
            < (b.partials.count, b.message.timestamp, b.message.gasLimit)
    }

    private func join(_ message: ValidatorRegistration, now: UInt64) -> Decision {
        let (limit, overflow) = now.addingReportingOverflow(Self.secondsAheadMax)
        guard wish.timestamp == message.timestamp || overflow || message.timestamp <= limit else {
            return .refuse(
                "the change that another operator began is dated more than a day ahead (\(message.timestamp)), and"
                    + " until then no other one would hold; if that is meant, say --timestamp \(message.timestamp)")
        }
        var overruled: [String] = []
        if let gasLimit = wish.gasLimit, gasLimit != message.gasLimit {
            overruled.append("--gas-limit \(gasLimit) by \(message.gasLimit)")
        }
        if let timestamp = wish.timestamp, timestamp != message.timestamp {
            overruled.append("--timestamp \(timestamp) by \(message.timestamp)")
        }
        return .join(message, overruled: overruled)
    }

    private func begin(_ agreed: ValidatorRegistration?, after newest: UInt64, now: UInt64) -> Decision {
        let timestamp = wish.timestamp ?? now
        guard timestamp > newest else {
            let what = wish.timestamp == nil ? "this machine's clock (\(now))" : "--timestamp \(timestamp)"
            return .refuse("\(what) is not later than the registration that holds (\(newest))")
        }
        let latest = (known + (agreed.map { [$0] } ?? [])).max { $0.timestamp < $1.timestamp }
        guard let gasLimit = wish.gasLimit ?? latest?.gasLimit else {
            return .refuse("no registration is there to take the gas limit from; say --gas-limit")
        }
        return .begin(
            ValidatorRegistration(
                feeRecipient: wish.feeRecipient, gasLimit: gasLimit, timestamp: timestamp, pubKey: pubKey))
    }
}
