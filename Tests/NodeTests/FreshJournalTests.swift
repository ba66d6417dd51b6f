import Ethereum
import Node
import Testing

@Suite("signing on a new journal")
struct FreshJournalTests {
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 32)

    private static func journal(
        created: Instant?, isAccepted: Bool = false, now: Instant = clock.start(of: Slot(1_000_000))
    ) -> FreshJournal {
        FreshJournal(created: created, isAccepted: isAccepted, clock: clock, at: now)
    }

    @Test("nothing is signed for two whole epochs", arguments: [(0, 96), (1, 96), (31, 96), (32, 128), (3200, 3296)])
    func watches(slot: UInt64, until: UInt64) {
        let journal = Self.journal(created: Self.clock.start(of: Slot(slot)) + .seconds(11))
        #expect(journal == .watches(until: Slot(until)))
        #expect(journal.firstSlot == Slot(until) && slot < until)
    }

    @Test("an older journal, an accepted one and one from before genesis sign at once")
    func signs() {
        let created = Self.clock.start(of: Slot(5))
        for journal in [
            Self.journal(created: nil), Self.journal(created: created, isAccepted: true),
            Self.journal(created: Self.clock.genesis - .seconds(1)),
        ] {
            #expect(journal == .signs && journal.firstSlot == 0)
            #expect(journal.warning(isEmpty: true, at: created, clock: Self.clock) == nil)
        }
    }

    @Test("what was signed up to a slot after the journal was made may be of an earlier life")
    func earlierLife() {
        let now = Self.clock.start(of: Slot(50))
        func knows(_ created: Instant?) -> Slot { FreshJournal.knowsFrom(created: created, clock: Self.clock, at: now) }
        #expect(knows(nil) == 0 && knows(Self.clock.genesis - .seconds(1)) == 0)
        #expect(knows(Self.clock.start(of: Slot(40)) + .seconds(11)) == 42)
        #expect(knows(now + .seconds(1 << 30)) == 52, "the clock was wrong")
    }

    @Test("a journal from the future was made now: the clock was wrong")
    func fromTheFuture() {
        let now = Self.clock.start(of: Slot(40))
        #expect(
            Self.journal(created: now + .seconds(1 << 30), now: now) == .watches(until: Slot(128)))
    }

    @Test("the operator is told why, how long, and what to do instead; not once it is over")
    func warning() throws {
        let created = Self.clock.start(of: Slot(0))
        let journal = Self.journal(created: created)
        let text = try #require(journal.warning(isEmpty: true, at: created, clock: Self.clock))
        for part in ["slot 96", "19m12s", "--accept-new-journal", "no earlier vote"] { #expect(text.contains(part)) }
        #expect(journal.warning(isEmpty: true, at: Self.clock.start(of: Slot(96)), clock: Self.clock) == nil)
    }
}
