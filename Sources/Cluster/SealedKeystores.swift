import BLS
import SSZ

/// Key shares encrypted for a keymanager, each under a password of its own. Source: spec/dkg.md §6.6.
package struct SealedKeystores: Sendable {
    private static let passwordBytes = 32

    /// EIP-2335 files.
    package let keystores: [[UInt8]]
    /// 64 hex digits each.
    package let passwords: [String]

    /// Takes as long as a directory of keystores does: 54 ms each at secure cost, on so many threads.
    package init(
        _ keys: [SecretKey], cost: Keystore.Cost, threads: Int, progress: @escaping WorkProgress,
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        let passwords = keys.map { _ in
            Hex.encodeBare((0..<Self.passwordBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        }
        let seeds = passwords.map { Keystore.Seed(password: Array($0.utf8), using: &generator) }
        keystores = try ParallelWork.map(keys.count, threads: threads, progress: progress) { i throws(ClusterError) in
            try Keystore.encrypt(keys[i], cost: cost, seeds[i])
        }
        self.passwords = passwords
    }
}
