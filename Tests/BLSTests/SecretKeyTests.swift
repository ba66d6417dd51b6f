import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct SecretKeyTests {
    static let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"

    @Test(
        "refuses what is no scalar between 1 and r - 1",
        arguments: [
            ("", BLSError.wrongLength(expected: 32, actual: 0)),
            (String(repeating: "01", count: 31), .wrongLength(expected: 32, actual: 31)),
            (String(repeating: "01", count: 33), .wrongLength(expected: 32, actual: 33)),
            (String(repeating: "00", count: 32), .zeroSecret),
            (order, .scalarTooLarge),
            (String(order.dropLast()) + "2", .scalarTooLarge),
            (String(repeating: "ff", count: 32), .scalarTooLarge),
        ])
    func refuses(hex: String, error: BLSError) throws {
        let bytes = try Hex.decode(hex, bytesMax: 64)
        #expect(failure { () throws(BLSError) in try SecretKey(bytes: bytes) } == error)
    }

    @Test(
        "gives back its bytes",
        arguments: ["01", "42", "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000"])
    func roundTrip(hex: String) throws {
        let bytes = try Hex.decode(String(repeating: "0", count: 64 - hex.count) + hex, bytesMax: 32)
        let key = try SecretKey(bytes: bytes)
        #expect(key.exposedBytes() == bytes)
        #expect(key.withSecretBytes { Array($0) } == bytes)
    }

    @Test("derives from key material as EIP-2333 does")
    func keygen() throws {
        for row in KnownAnswers.rows("keygen") {
            let key = try SecretKey(keyMaterial: row.bytes("key_material"))
            #expect(try key.exposedBytes() == row.bytes("secret"))
        }
        let short = [UInt8](repeating: 7, count: 31)
        #expect(failure { () throws(BLSError) in try SecretKey(keyMaterial: short) } == .keyMaterialTooShort(31))
    }

    @Test("random keys follow the generator and differ")
    func random() {
        var one = SeededGenerator(seed: 1)
        var same = SeededGenerator(seed: 1)
        let first = SecretKey.random(using: &one).exposedBytes()
        #expect(first == SecretKey.random(using: &same).exposedBytes())
        #expect(first != SecretKey.random(using: &one).exposedBytes())
        #expect(SecretKey.random().exposedBytes() != SecretKey.random().exposedBytes())
    }

    @Test("does not show the secret when printed")
    func hidden() {
        let key = SecretKey.random()
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "SecretKey(hidden)")
        #expect(!dumped.contains("scalar"))
    }
}
