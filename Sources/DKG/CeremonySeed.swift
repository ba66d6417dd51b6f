import Crypto
import Secp256k1

/// All of an operator's randomness in one ceremony: 32 bytes, stored sealed before the first byte leaves.
///
/// A ceremony is deterministic: a process that restarts with the same seed and the same events has the same secrets and
/// sends the same bytes, so no nonce is ever used for two challenges. Wiped when released (`SymmetricKey` does).
package final class CeremonySeed: Sendable {
    package static let byteCount = 32
    private let key: SymmetricKey

    /// A fresh seed from the system's generator.
    package init() { key = SymmetricKey(size: .bits256) }

    /// A stored seed; nil unless it has 32 bytes. The caller wipes its own copy.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var copy = Array(bytes)
        defer { copy.erase() }
        key = SymmetricKey(data: copy)
    }

    /// Lends the 32 bytes.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try key.withUnsafeBytes(body)
    }

    /// The stream named `label`: the same for the same seed and label, independent of all others. Each purpose has a
    /// label of its own.
    package func generator(_ label: String) -> CeremonyRandom {
        CeremonyRandom(
            key: HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key, info: Array("styx/ceremony/\(label)".utf8), outputByteCount: Self.byteCount))
    }
}

extension CeremonySeed: CustomStringConvertible, CustomReflectable {
    package var description: String { "CeremonySeed(hidden)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A key stream: HMAC-SHA256(key, counter) for counters from 0, 8 bytes little-endian each.
///
/// A class, so that no copy gives the same numbers again.
package final class CeremonyRandom: RandomNumberGenerator {
    private let key: SymmetricKey
    private var counter: UInt64 = 0
    /// The current block, of which `used` bytes are given away.
    private var block: [UInt8] = []
    private var used = 0

    init(key: SymmetricKey) { self.key = key }

    deinit { block.erase() }

    package func next() -> UInt64 {
        if used == block.count { refill() }
        defer { used += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(block[used + $1]) << (8 * $1) }
    }

    private func refill() {
        block.erase()
        block = withUnsafeBytes(of: counter.littleEndian) {
            Array(HMAC<SHA256>.authenticationCode(for: $0, using: key))
        }
        used = 0
        counter += 1
    }
}
