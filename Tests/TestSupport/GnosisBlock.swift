import Ethereum
import SSZ

/// A block of a chain with Gnosis' limits: eight withdrawals in a payload instead of mainnet's sixteen, so that its root
/// is another than mainnet's rules give. Source: eth2-types.md §2.
package enum GnosisBlock {
    package static let preset = {
        var preset = Preset.mainnet
        preset.maxWithdrawalsPerPayload = 8
        return preset
    }()

    /// As a journal has it.
    package static let sizes =
        "MAX_COMMITTEES_PER_SLOT=64 MAX_VALIDATORS_PER_COMMITTEE=2048 SYNC_COMMITTEE_SIZE=512"
        + " SYNC_COMMITTEE_SUBNET_COUNT=4 MAX_WITHDRAWALS_PER_PAYLOAD=8 MAX_DEPOSIT_REQUESTS_PER_PAYLOAD=8192"
        + " MAX_BLOB_COMMITMENTS_PER_BLOCK=4096"

    private static func withdrawals(_ count: Int) -> [Withdrawal] { (1...count).map { withdrawal($0) } }

    private static func withdrawal(_ number: Int) -> Withdrawal {
        var withdrawal = Withdrawal()
        withdrawal.index = UInt64(number)
        withdrawal.validatorIndex = ValidatorIndex(UInt64(100 + number))
        withdrawal.address = Bytes20(padding: [UInt8(number)])
        withdrawal.amount = Gwei(UInt64(number) << 20)
        return withdrawal
    }

    package static func proposal(
        slot: Slot, withdrawals count: Int = 3, preset: Preset = preset
    ) -> VersionedProposal {
        var block = FullBeaconBlock<Capella>()
        block.slot = slot
        block.proposerIndex = 7
        block.body.executionPayload.execution.withdrawals = withdrawals(count)
        return VersionedProposal(block, preset: preset)
    }

    /// What the proposer signs of `proposal(slot:)`, by way of the blinded form: it holds the roots of what the limits are about.
    package static func root(slot: Slot, depth: Int = 3) -> Root {
        var block = BlindedBeaconBlock<Capella>()
        block.slot = slot
        block.proposerIndex = 7
        let roots = withdrawals(3).map { root(of: $0) }
        block.body.executionPayload.execution.withdrawalsRoot = list(roots, depth: depth)
        block.body.executionPayload.execution.transactionsRoot = list([], depth: 20)
        return VersionedProposal(block).messageRoot
    }

    /// Of a list of at most 2^depth elements: the tree over their roots, then their number.
    private static func list(_ leaves: [Root], depth: Int) -> Root {
        var (row, empty) = (leaves, Root.zero)
        for _ in 0..<depth {
            if row.count % 2 == 1 { row.append(empty) }
            row = stride(from: 0, to: row.count, by: 2).map { SHA256.hash(row[$0].bytes + row[$0 + 1].bytes) }
            empty = SHA256.hash(empty.bytes + empty.bytes)
        }
        return SHA256.hash((row.first ?? empty).bytes + chunk(UInt64(leaves.count)))
    }

    /// Four leaves.
    private static func root(of withdrawal: Withdrawal) -> Root {
        let left = SHA256.hash(chunk(withdrawal.index) + chunk(withdrawal.validatorIndex.rawValue))
        let address = withdrawal.address.bytes + [UInt8](repeating: 0, count: 12)
        let right = SHA256.hash(address + chunk(withdrawal.amount.rawValue))
        return SHA256.hash(left.bytes + right.bytes)
    }

    private static func chunk(_ number: UInt64) -> [UInt8] {
        (0..<32).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) : 0 }
    }
}
