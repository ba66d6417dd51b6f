import Ethereum
import NIOCore
import SSZ
import Synchronization
import Testing

@testable import RemoteSigner

@Suite("what remote signers make, by duty") struct SigningDeskTests {
    private static let start = ContinuousClock.now
    private static let signature = SigningQueue.Response.answer(.signature(SignatureBytes(padding: [1])))

    /// Takes what is told.
    private final class Ear: Sendable {
        private let heard = Mutex<[SignerOutcome]>([])
        var all: [SignerOutcome] { heard.withLock { $0 } }
        func tell(_ outcome: SignerOutcome) { heard.withLock { $0.append(outcome) } }
    }

    private static func orders(_ count: Int) -> [SigningOrder] {
        (0..<count).map {
            SigningOrder(key: PubShare(padding: [UInt8($0 + 1)]), root: Root(padding: [UInt8($0)]), body: ByteBuffer())
        }
    }

    private static func deliver(_ work: SigningDesk.Work) {
        for (tell, outcome) in work.tells { tell(outcome) }
    }

    private var desk = SigningDesk(queue: SigningQueue(signers: ["a"], timeout: .seconds(2), at: Self.start))

    @Test("what is checked is told when the rest takes long, and the rest when it comes")
    mutating func parts() {
        let ear = Ear()
        let asks = desk.sign(
            Self.orders(2), .attester, until: Self.start + .seconds(10), at: Self.start, tell: ear.tell
        )
        .asks
        #expect(asks.count == 2)
        let check = desk.answered(asks[0].id, Self.signature, of: 0, at: Self.start).check
        #expect(check.map(\.root) == [Root(padding: [0])])
        let flushes = desk.checked(check, [true], at: Self.start).flushes
        #expect(flushes.count == 1 && ear.all.isEmpty)
        Self.deliver(desk.flush(flushes[0]))
        #expect(ear.all.map(\.signatures.count) == [1])
        let last = desk.answered(asks[1].id, Self.signature, of: 0, at: Self.start).check
        Self.deliver(desk.checked(last, [true], at: Self.start))
        #expect(ear.all.map { Set($0.signatures.keys) } == [[0], [1]])
    }

    @Test("what comes while others are checked is checked together")
    mutating func together() {
        let ear = Ear()
        let asks = desk.sign(
            Self.orders(4), .attester, until: Self.start + .seconds(10), at: Self.start, tell: ear.tell
        )
        .asks
        let first = desk.answered(asks[0].id, Self.signature, of: 0, at: Self.start).check
        #expect(first.count == 1)
        for ask in asks.dropFirst() {
            #expect(desk.answered(ask.id, Self.signature, of: 0, at: Self.start).check.isEmpty)
        }
        let second = desk.checked(first, [true], at: Self.start).check
        #expect(second.count == 3)
        let work = desk.checked(second, [true, false, true], at: Self.start)
        Self.deliver(work)
        #expect(ear.all.count == 1)
        #expect(Set(ear.all[0].signatures.keys) == [0, 1, 3])
        #expect(ear.all[0].failures == [2: .wrongSignature(signer: "a")])
    }

    @Test("signatures that nobody can look at are not handed on")
    mutating func unchecked() {
        let ear = Ear()
        let asks = desk.sign(
            Self.orders(1), .attester, until: Self.start + .seconds(10), at: Self.start, tell: ear.tell
        )
        .asks
        let check = desk.answered(asks[0].id, Self.signature, of: 0, at: Self.start).check
        Self.deliver(desk.checked(check, nil, at: Self.start))
        #expect(ear.all.map(\.failures) == [[0: .overloaded]])
        #expect(ear.all.allSatisfy { $0.signatures.isEmpty })
    }

    @Test("a signature that comes after the deadline is not told")
    mutating func late() {
        let ear = Ear()
        let asks = desk.sign(Self.orders(1), .attester, until: Self.start + .seconds(1), at: Self.start, tell: ear.tell)
            .asks
        let later = Self.start + .seconds(2)
        Self.deliver(desk.work(desk.queue.tick(at: later)))
        #expect(ear.all.count == 1 && ear.all[0].failures.count == 1)
        #expect(desk.answered(asks[0].id, Self.signature, of: 0, at: later).check.isEmpty)
        let missed = desk.sign(Self.orders(1), .attester, until: Self.start, at: later, tell: ear.tell)
        Self.deliver(missed)
        #expect(missed.asks.isEmpty && ear.all[1].failures == [0: .late])
    }
}
