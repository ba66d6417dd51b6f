import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

@Suite("keys that come and go", .timeLimit(.minutes(2))) struct KeyRingTests {
    private static let keys = (0..<8).map { PubKey(padding: [UInt8($0) + 1]) }

    private func outcome(of keys: [PubKey]) -> Signer.Outcome {
        var outcome = Signer.Outcome()
        for key in keys {
            let data = SignedData.randao(SignedEpoch(epoch: Epoch(1), signature: .zero))
            outcome.signed[EntryKey(key)] = ParSignedData(data: data, shareIndex: ShareIndex(PeerIndex(0)))
        }
        return outcome
    }

    private func ring(_ keys: [PubKey]) -> KeyRing {
        KeyRing(Dictionary(uniqueKeysWithValues: keys.map { ($0, .remote) }))
    }

    @Test("what a removed key made is told as a failure; it signs again once it is back")
    func drops() async {
        let (a, b) = (Self.keys[0], Self.keys[1])
        let ring = ring([a, b])
        #expect(await ring.remove([a, Self.keys[2]]) == [a])
        #expect(!ring.holds(a) && ring.holds(b))
        func told() -> Signer.Outcome {
            var told: Signer.Outcome?
            ring.tell(outcome(of: [a, b])) { told = $0 }
            return told ?? Signer.Outcome()
        }
        #expect(told().signed.keys.map(\.pubKey) == [b])
        #expect(told().failures == [EntryKey(a): .noKey(a)])
        #expect(ring.add(a, .remote))
        #expect(!ring.add(a, .remote), "it is there already")
        #expect(told().signed.count == 2 && told().failures.isEmpty)
    }

    @Test("a removal waits for what is being told, and for nothing that begins later")
    func waits() async {
        let (a, b) = (Self.keys[0], Self.keys[1])
        let ring = ring([a, b])
        let (later, removed) = (Gate(), Gate())
        let (steps, step) = AsyncStream.makeStream(of: String.self)
        await withTaskGroup(of: Void.self) { group in
            ring.tell(outcome(of: [a])) { _ in
                // While this is told, the key is taken out: that must not end before this does.
                group.addTask {
                    let keys = await ring.remove([a])
                    removed.open()
                    step.yield("removed \(keys.count)")
                }
                while ring.holds(a) {}
                #expect(!removed.isOpen)
                step.yield("told")
            }
            // Begun after the removal: another removal is not for it to wait for.
            let other = outcome(of: [b])
            group.addTask {
                await later.wait()
                ring.tell(other) { outcome in
                    #expect(outcome.signed.count == 1)
                    step.yield("told later")
                }
                step.finish()
            }
            var seen: [String] = []
            for await word in steps {
                seen.append(word)
                if seen.count == 2 { later.open() }
            }
            #expect(seen == ["told", "removed 1", "told later"])
        }
    }

    @Test("a removal waits for who was handed the key: what is asked for with it can be called back then")
    func uses() async {
        let (a, b) = (Self.keys[0], Self.keys[1])
        let ring = ring([a, b])
        let removed = Gate()
        let (steps, step) = AsyncStream.makeStream(of: String.self)
        await withTaskGroup(of: Void.self) { group in
            ring.use { keys in
                #expect(Set(keys.keys) == [a, b])
                group.addTask {
                    _ = await ring.remove([a])
                    removed.open()
                    step.yield("removed")
                    step.finish()
                }
                while ring.holds(a) {}
                ring.tell(outcome(of: [a, b])) { outcome in
                    #expect(outcome.signed.keys.map(\.pubKey) == [b])
                }
                #expect(!removed.isOpen)
                step.yield("used")
            }
            ring.use { keys in
                #expect(Set(keys.keys) == [b])
            }
        }
        var seen: [String] = []
        for await word in steps { seen.append(word) }
        #expect(seen == ["used", "removed"])
    }

    private final class Notes: Sendable {
        let gone = Mutex<Set<PubKey>>([])
        let late = Mutex<[PubKey]>([])
        let stops = Atomic(false)
    }

    @Test("under many signers and removals at once, nothing is told of a key after its removal returned")
    func concurrent() async {
        for _ in 0..<50 {
            let ring = ring(Self.keys)
            let notes = Notes()
            let made = outcome(of: Self.keys)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while !notes.stops.load(ordering: .relaxed) {
                            ring.tell(made) { outcome in
                                let before = notes.gone.withLock { $0 }
                                let wrong = outcome.signed.keys.map(\.pubKey).filter { before.contains($0) }
                                notes.late.withLock { $0 += wrong }
                            }
                            await Task.yield()
                        }
                    }
                }
                await withTaskGroup(of: Void.self) { removals in
                    for key in Self.keys {
                        removals.addTask {
                            _ = await ring.remove([key])
                            notes.gone.withLock { _ = $0.insert(key) }
                        }
                    }
                }
                notes.stops.store(true, ordering: .relaxed)
            }
            #expect(notes.late.withLock { $0 }.isEmpty)
            #expect(ring.keys.isEmpty)
        }
    }
}
