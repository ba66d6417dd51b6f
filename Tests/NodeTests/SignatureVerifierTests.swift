import BLS
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite("Signature verifier")
struct SignatureVerifierTests {
    private func claims(_ count: Int, root: Root) -> [SignatureVerifier.Claim] {
        (0..<count).map { _ in
            let key = SecretKey.random()
            return .init(key: key.publicKey, signature: key.sign(root).bytes, root: root)
        }
    }

    @Test("many callers at once: each hears of its own bad signatures only", arguments: [1, 3, 17])
    func callers(size: Int) async throws {
        let verifier = SignatureVerifier(threads: CryptoThreads(threads: 2))
        let root = SHA256.hash([1, 2, 3])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for caller in 0..<12 {
                var mine = claims(size, root: caller.isMultiple(of: 2) ? root : SHA256.hash([UInt8(caller)]))
                let bad = caller % size
                if caller.isMultiple(of: 3) { mine[bad].root = SHA256.hash([99]) }
                let sent = mine
                group.addTask {
                    let verdicts = try await verifier.verify(sent)
                    let expected = sent.indices.map { !(caller.isMultiple(of: 3) && $0 == bad) }
                    return verdicts == expected
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("an all-zero signature and a foreign one never hold")
    func bad() async throws {
        let verifier = SignatureVerifier(threads: CryptoThreads(threads: 1))
        var mine = claims(3, root: .zero)
        mine[0].signature = .zero
        mine[1].signature = mine[2].signature
        #expect(try await verifier.verify(mine) == [false, false, true])
        #expect(try await verifier.verify([]).isEmpty)
    }
}
