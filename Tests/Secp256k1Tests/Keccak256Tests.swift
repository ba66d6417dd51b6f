import SSZ
import Secp256k1
import Testing

/// Digests computed with pycryptodome's Keccak. Lengths around the 136-byte rate hit every padding case.
@Suite struct Keccak256Tests {
    @Test(
        "hashes as the reference does",
        arguments: [
            ([UInt8](), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            (Array("abc".utf8), "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            (counting(135), "0xcbdfd9dee5faad3818d6b06f95a219fd290b0e1706f6a82e5a595b9ce9faca62"),
            (counting(136), "0x7ce759f1ab7f9ce437719970c26b0a66ff11fe3e38e17df89cf5d29c7d7f807e"),
            (counting(137), "0xac73d4fae68b8453f764007c1a20ce95994187861f0c3227a3a8e99a73a3b1db"),
            (counting(1000), "0xaca79e4146e30eb1c733f6d6060d72471c36ea4e01ebf45d7f4916249c2bbd82"),
        ])
    func knownAnswers(message: [UInt8], digest: String) {
        #expect(keccak256(message).hex == digest)
    }
}

/// `0, 1, … 255, 0, …`
private func counting(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
