import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Cluster

@Suite struct SignedTestResultsTests {
    /// Source: spec/cli-create.md §12.2; the hash by hand, as spec/cluster-files.md §5 names the steps.
    @Test("the compact bytes, in chunks of 32 as a tree, are what the identity signs")
    func signature() throws {
        var generator = SeededGenerator(seed: 3)
        let key = PrivateKey.random(using: &generator)
        let data: JSONValue = ["mev": ["execution_time": "1s", "score": "A"]]
        let results = SignedTestResults(data, signedBy: key)
        #expect(results.json["data"] == data)
        let enr = try ENR(try #require(results.json["enr"]?.string))
        #expect(enr.publicKey == key.publicKey)
        let bytes = Array(#"{"mev":{"execution_time":"1s","score":"A"}}"#.utf8)
        #expect(bytes.count == 43)
        let tail = Array(bytes[32...]) + [UInt8](repeating: 0, count: 21)
        let digest = SSZ.SHA256.hash(bytes[..<32] + tail)
        let signed = try #require(results.json["sig"]?.string.flatMap { Data(base64Encoded: $0) })
        let signature = try #require(Bytes65(Array(signed)))
        #expect(try PublicKey.recover(digest: digest, signature: signature) == key.publicKey)
    }
}
