import BLS
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Cluster

/// Keystores that Charon wrote.
@Suite struct KeystoreVectorTests {
    static let files = Vectors.files(in: "cluster/captured", withExtension: "json")
        .filter { $0.contains("/validator_keys/keystore-") }

    @Test("our keystore is Charon's to the last byte", .enabled(if: !files.isEmpty), arguments: files)
    func layout(path: String) throws {
        let bytes = try Vectors.data(path)
        let password = try Vectors.data(path.replacing(".json", with: ".txt"))
        let content = try KeystoreContent(json: bytes)
        let key = try content.open(password: password)
        guard case .pbkdf2(let salt, let rounds) = content.derivation else {
            Issue.record("Charon writes PBKDF2")
            return
        }
        let cost = Keystore.Cost.secure.rounds == rounds ? Keystore.Cost.secure : .insecure
        #expect(cost.rounds == rounds)
        let uuid = try #require(JSONValue(parsing: bytes)["uuid"]?.string)
        let seed = Keystore.Seed(
            salt: salt, iv: content.iv,
            uuid: try Hex.decode(uuid.replacing("-", with: ""), bytesMax: 16), password: password)
        #expect(try Keystore.encrypt(key, cost: cost, seed) == bytes)
    }
}
