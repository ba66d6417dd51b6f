import Ethereum

/// Whose signature within a duty: a validator's, and where one validator can sign several times in a slot
/// (`DutyRules.isPerSubcommittee`) that of one of its sync subcommittees; 0 elsewhere. Source: workflow.md §1.2.
package struct EntryKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let pubKey: PubKey
    package let subcommittee: UInt64

    package init(_ pubKey: PubKey, subcommittee: UInt64 = 0) {
        self.pubKey = pubKey
        self.subcommittee = subcommittee
    }

    package var description: String { subcommittee == 0 ? "\(pubKey)" : "\(pubKey) in subcommittee \(subcommittee)" }

    package static func < (a: Self, b: Self) -> Bool { (a.pubKey, a.subcommittee) < (b.pubKey, b.subcommittee) }
}

extension Collection<EntryKey> {
    /// The validators, whatever their subcommittees.
    package var pubKeys: Set<PubKey> { Set(map(\.pubKey)) }
}
