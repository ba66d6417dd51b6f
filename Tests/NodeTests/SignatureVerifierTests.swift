import BLS
import Dispatch
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite("Signature verifier")
struct SignatureVerifierTests {
    typealias Claim = SignatureVerifier.Claim

    private static func claims(_ count: Int, root: Root) -> [Claim] {
        (0..<count).map { _ in
            let key = SecretKey.random()
            return Claim(key: key.publicKey, signature: key.sign(root).bytes, root: root)
        }
    }

    /// What became of a call: nil if it was not admitted.
    private static func outcome<Value: Sendable>(
        _ call: (@escaping @Sendable (Value) -> Void) -> Bool
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            if !call({ continuation.resume(returning: $0) }) { continuation.resume(returning: nil) }
        }
    }

    @Test("many callers at once: each hears of its own bad signatures only", arguments: [1, 3, 17, 150])
    func callers(size: Int) async {
        let threads = CryptoThreads(threads: 2)
        let verifier = SignatureVerifier(threads: threads)
        let root = SHA256.hash([1, 2, 3])
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<(size > 100 ? 2 : 12) {
                var mine = Self.claims(size, root: caller.isMultiple(of: 2) ? root : SHA256.hash([UInt8(caller)]))
                let bad = caller % size
                if caller.isMultiple(of: 3) { mine[bad].root = SHA256.hash([99]) }
                let sent = mine
                group.addTask {
                    let verdicts = await Self.outcome { verifier.verify(sent, done: $0) }
                    return verdicts == sent.indices.map { !(caller.isMultiple(of: 3) && $0 == bad) }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        try? await threads.shutdown()
    }

    @Test("an all-zero signature and a foreign one never hold")
    func bad() async {
        let verifier = SignatureVerifier(threads: CryptoThreads(threads: 1))
        var mine = Self.claims(3, root: .zero)
        mine[0].signature = .zero
        mine[1].signature = mine[2].signature
        let sent = mine
        #expect(await Self.outcome { verifier.verify(sent, done: $0) } == [false, false, true])
        #expect(await Self.outcome { verifier.verify([], done: $0) } == [])
        let share = ShareIndex(PeerIndex(2))
        #expect(await Self.outcome { verifier.verifyAll(sent, from: share, done: $0) } == false)
        #expect(await Self.outcome { verifier.verifyAll([sent[2]], from: share, done: $0) } == true)
        #expect(await Self.outcome { verifier.verifyAll([], from: share, done: $0) } == true)
    }

    @Test("a suspect's flood is bounded, and neither our own client nor another operator waits for it")
    func flood() async {
        let threads = CryptoThreads(threads: 1)
        let verifier = SignatureVerifier(threads: threads)
        let (suspect, other) = (ShareIndex(PeerIndex(1)), ShareIndex(PeerIndex(2)))
        let good = Self.claims(1, root: .zero)
        var wrong = good[0]
        wrong.root = SHA256.hash([7])
        let (done, announce) = AsyncStream.makeStream(of: String.self)
        // The one thread is held until everything is handed in.
        let gate = DispatchSemaphore(value: 0)
        threads.submit(.own) { gate.wait() }
        let admitted = (0..<32).filter { index in
            verifier.verifyAll([Claim](repeating: wrong, count: 1000), from: suspect) {
                announce.yield("suspect \(index) \($0)")
            }
        }
        #expect(admitted == [0, 1, 2, 3], "4096 signatures may wait")
        #expect(verifier.verifyAll(good, from: other) { announce.yield("other \($0)") })
        #expect(verifier.verify(good) { announce.yield("own \($0)") })
        gate.signal()
        var log: [String] = []
        for await entry in done {
            log.append(entry)
            if log.count == 6 { break }
        }
        #expect(
            log == [
                "own [true]", "suspect 0 false", "other true", "suspect 1 false", "suspect 2 false", "suspect 3 false",
            ])
        try? await threads.shutdown()
    }

    @Test("sets of a suspect are many or large, not both; room comes back", arguments: [(1, 64), (2048, 2)])
    func room(size: Int, sets: Int) async {
        let threads = CryptoThreads(threads: 1)
        let verifier = SignatureVerifier(threads: threads)
        var wrong = Self.claims(1, root: .zero)[0]
        wrong.root = SHA256.hash([7])
        let set = [Claim](repeating: wrong, count: size)
        let share = ShareIndex(PeerIndex(1))
        let (done, announce) = AsyncStream.makeStream(of: Bool.self)
        let gate = DispatchSemaphore(value: 0)
        threads.submit(.own) { gate.wait() }
        for _ in 0..<sets { #expect(verifier.verifyAll(set, from: share) { announce.yield($0) }) }
        #expect(!verifier.verifyAll(set, from: share) { announce.yield($0) })
        gate.signal()
        var count = 0
        for await holds in done {
            #expect(!holds)
            count += 1
            if count == sets { break }
        }
        #expect(verifier.verifyAll(set, from: share) { announce.yield($0) })
        try? await threads.shutdown()
    }

    @Test("a large set that holds is looked at to its end, and one with a bad last entry is refused")
    func large() async {
        let verifier = SignatureVerifier(threads: CryptoThreads(threads: 2))
        var sent = Self.claims(100, root: .zero)
        let share = ShareIndex(PeerIndex(0))
        let good = sent
        #expect(await Self.outcome { verifier.verifyAll(good, from: share, done: $0) } == true)
        sent[99].root = SHA256.hash([1])
        let bad = sent
        #expect(await Self.outcome { verifier.verifyAll(bad, from: share, done: $0) } == false)
    }
}
