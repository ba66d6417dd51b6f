import SSZ

/// Keccak-256 as Ethereum uses it: the submission's padding (01), not SHA-3's (06).
///
/// Plain Swift; only ENRs, EIP-712 digests and addresses need it. Source: The Keccak reference, version 3.0.
package func keccak256(_ message: some Collection<UInt8>) -> Bytes32 {
    var sponge = KeccakSponge()
    for byte in message { sponge.absorb(byte) }
    return sponge.finish()
}

/// Rate 1088 bits, capacity 512.
private struct KeccakSponge {
    private static let rateBytes = 136
    /// Lane x + 5y.
    private var lanes = InlineArray<25, UInt64>(repeating: 0)
    private var offset = 0

    mutating func absorb(_ byte: UInt8) {
        lanes[offset / 8] ^= UInt64(byte) << (8 * UInt64(offset % 8))
        offset += 1
        if offset == Self.rateBytes {
            permute()
            offset = 0
        }
    }

    consuming func finish() -> Bytes32 {
        lanes[offset / 8] ^= 0x01 << (8 * UInt64(offset % 8))
        lanes[Self.rateBytes / 8 - 1] ^= 0x80 << 56
        permute()
        let output = (0..<32).map { UInt8(truncatingIfNeeded: lanes[$0 / 8] >> (8 * UInt64($0 % 8))) }
        guard let digest = Bytes32(output) else { preconditionFailure("32 bytes") }
        return digest
    }

    /// Keccak-f[1600].
    private mutating func permute() {
        var parity = InlineArray<5, UInt64>(repeating: 0)
        for constant in Self.roundConstants {
            // theta
            for x in 0..<5 { parity[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] }
            for x in 0..<5 {
                let mix = parity[(x + 4) % 5] ^ rotate(parity[(x + 1) % 5], by: 1)
                for y in stride(from: 0, to: 25, by: 5) { lanes[x + y] ^= mix }
            }
            // rho and pi: walk the one cycle of the 24 lanes that move
            var carried = lanes[1]
            for step in 0..<24 {
                let target = Self.piTargets[step]
                (carried, lanes[target]) = (lanes[target], rotate(carried, by: Self.rhoOffsets[step]))
            }
            // chi
            for y in stride(from: 0, to: 25, by: 5) {
                for x in 0..<5 { parity[x] = lanes[y + x] }
                for x in 0..<5 { lanes[y + x] = parity[x] ^ (~parity[(x + 1) % 5] & parity[(x + 2) % 5]) }
            }
            // iota
            lanes[0] ^= constant
        }
    }

    private func rotate(_ lane: UInt64, by count: UInt64) -> UInt64 { lane << count | lane >> (64 - count) }

    private static let piTargets: InlineArray<24, Int> = [
        10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
    ]
    private static let rhoOffsets: InlineArray<24, UInt64> = [
        1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
    ]
    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
        0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
}
