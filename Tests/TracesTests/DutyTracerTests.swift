import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow
@testable import Traces

@Suite("DutyTracer")
struct DutyTracerTests {
    // MARK: One duty of each kind

    @Test(
        "a decided duty: scheduled, fetched, decided, signed, shared, combined, broadcast",
        arguments: [
            DutyType.attester, .proposer, .aggregator, .syncContribution,
        ])
    func decided(type: DutyType) {
        var script = ScriptedDuty(type)
        script.begin()
        script.fetch()
        script.decide()
        script.sign()
        script.aggregate()
        script.broadcast()
        #expect(
            script.tree
                == [
                    "core/duty.\(type.name) 0-26",
                    "  core/scheduler.scheduleSlot 0-5",
                    "  core/consensus.Participate 5-9",
                    "    core/qbft.runInstance 5-9",
                    "  core/fetcher.Fetch 6-9",
                    "  core/consensus.Propose 9-9",
                    "  core/dutydb.Store 10-12",
                    "  core/parsigdb.StoreInternal 12-14",
                    "  core/parsigex.Broadcast 14-17",
                    "  core/parsigex.Handle 17-18",
                    "  core/parsigdb.StoreExternal 18-20",
                    "  core/sigagg.Aggregate 20-23",
                    "  core/broadcaster.Broadcast 23-26",
                    "  core/aggsigdb.Store 27-29",
                ].map { $0.replacing("core/duty.\(type.name) 0-26", with: "core/duty.\(type.name) 0-26") })
    }

    @Test("a vote of the sync committee is fetched for and not decided")
    func syncMessage() {
        var script = ScriptedDuty(.syncMessage)
        script.begin()
        script.fetch()
        script.sign()
        script.aggregate()
        script.broadcast()
        #expect(script.tree.first == "core/duty.sync_message 0-23")
        #expect(!script.tree.contains { $0.contains("consensus") || $0.contains("qbft") || $0.contains("dutydb") })
    }

    @Test(
        "what only the cluster needs is done with its signature",
        arguments: [
            DutyType.randao, .prepareAggregator, .prepareSyncContribution,
        ])
    func forTheCluster(type: DutyType) {
        var script = ScriptedDuty(type)
        script.sign()
        script.aggregate()
        script.commit([.aggregated(script.duty, script.signed)])
        #expect(
            script.tree == [
                "core/duty.\(type.name) 5-16",
                "  core/parsigdb.StoreInternal 5-7",
                "  core/parsigex.Broadcast 7-10",
                "  core/parsigex.Handle 10-11",
                "  core/parsigdb.StoreExternal 11-13",
                "  core/sigagg.Aggregate 13-16",
                "  core/aggsigdb.Store 16-18",
            ])
    }

    @Test("an exit has no time to begin at")
    func exit() {
        var script = ScriptedDuty(.exit, delay: .seconds(86400))
        script.begin()
        script.sign()
        script.aggregate()
        script.broadcast()
        #expect(script.tree.first == "core/duty.exit 86400000-86400015")
        #expect(!script.tree.contains { $0.contains("scheduleSlot") })
    }

    @Test("info-sync is consensus and nothing else")
    func infoSync() {
        var script = ScriptedDuty(.infoSync, delay: .milliseconds(30))
        script.report(.decided(script.duty, round: 2, leader: PeerIndex(1), after: .milliseconds(20)))
        #expect(script.tree == ["core/duty.info_sync 10-30", "  core/qbft.runInstance 10-30"])
    }

    @Test("what a validator client asks and brings belongs to its duty")
    func validatorClient() {
        var script = ScriptedDuty(.proposer)
        script.begin()
        script.follow(.awaitProposal, in: .proposal)
        script.follow(.submitProposal, error: "refused")
        script.broadcast()
        #expect(
            script.tree.filter { $0.contains("validatorapi") || $0.contains("AwaitProposal") } == [
                "  core/validatorapi.Proposal 6-7", "    core/dutydb.AwaitProposal 6-7",
                "  core/validatorapi.SubmitProposal 7-8",
            ])
        #expect(script.spans.first { $0.name.hasSuffix("SubmitProposal") }?.error == "refused")
    }

    @Test("questions of no duty have traces of their own")
    func noDuty() throws {
        var script = ScriptedDuty(.attester)
        let spans = (0..<2).compactMap { _ in script.tracer.begins(.validators, nil, at: script.now) }
            .flatMap { script.tracer.ends($0, at: script.now) }
        #expect(spans.count == 2 && Set(spans.map(\.trace)).count == 2 && spans.allSatisfy { $0.parent == nil })
    }

    // MARK: Joining

    @Test("nodes differ in all spans of a duty, and share its trace")
    func shared() {
        let nodes = (0..<4).map { node in
            var script = ScriptedDuty(.attester, seed: UInt64(node))
            script.begin()
            script.fetch()
            script.decide()
            script.sign()
            script.aggregate()
            script.broadcast()
            return script
        }
        let spans = nodes.flatMap(\.spans)
        #expect(Set(spans.map(\.trace)) == [TraceID(nodes[0].duty, lockHash: Root(padding: [1]))])
        #expect(Set(spans.map(\.id)).count == spans.count)
        #expect(nodes.allSatisfy { $0.tree == nodes[0].tree })
        let roots = spans.filter { $0.parent == nil }
        #expect(roots.count == 4)
        #expect(roots.allSatisfy { $0.attributes.contains(.init("service.instance.id", "100/attester")) })
    }

    // MARK: What goes wrong

    @Test("a failed attempt is an error, and the next one a span of its own")
    func failedAttempts() {
        var script = ScriptedDuty(.attester)
        script.begin()
        let failure = Failure(reason: "503", isTemporary: true)
        script.perform(.fetch(script.duty, .headRoot), .fetchFailed(script.duty, failure))
        script.report(.retrying(script.duty, step: .fetcher, detail: "503"))
        script.fetch()
        script.perform(.broadcast(script.duty, [:]), .broadcastFailed(script.duty, [:], failure))
        #expect(script.spans.filter { $0.name == SpanName.fetch.rawValue }.map(\.error) == ["503", nil])
        #expect(script.spans.filter { $0.name == SpanName.broadcast.rawValue }.map(\.error) == ["503"])
        script.broadcast()
        let root = script.spans.first { $0.parent == nil }
        #expect(root?.error == nil && root?.events.map(\.name) == ["trying again"])
    }

    @Test("shares that do not fit are an error of the combination")
    func badShares() {
        var script = ScriptedDuty(.randao)
        script.sign()
        let share = ShareIndex(PeerIndex(3))
        script.perform(
            .recover(script.duty, [:]),
            .recovered(
                script.duty, [ScriptedDuty.keys[0]: .signature(.zero), ScriptedDuty.keys[1]: .badShares([share])]))
        #expect(script.spans.last?.error == "1 with bad shares")
        #expect(!script.spans.contains { $0.parent == nil }, "one is missing")
        script.aggregate()
        #expect(script.spans.count { $0.parent == nil } == 1)
    }

    @Test("a duty that fails says why, once, and what waited for a decision ends without an error")
    func failure() {
        var script = ScriptedDuty(.attester)
        script.begin()
        script.fetch()
        script.report(.roundChanged(script.duty, from: 1, to: 2, why: "timeout"))
        script.report(
            .failed(DutyFailure(script.duty, step: .consensus, reason: .noConsensus, missing: [], expected: 2)))
        script.report(script.analysis(.failed(.noConsensus)))
        script.commit([.expired(script.duty)])
        let roots = script.spans.filter { $0.parent == nil }
        #expect(roots.count == 1)
        #expect(roots.first?.error?.contains("no_consensus") == true)
        #expect(roots.first?.events.map(\.name) == ["round changed", "Duty failed"])
        let waiting = script.spans.filter { $0.name.hasPrefix("core/consensus.") }
        #expect(waiting.count == 2 && waiting.allSatisfy { $0.error == nil })
    }

    @Test("a duty with nothing to do ends with what was seen last, be it told an epoch later")
    func nothingToDo() {
        var script = ScriptedDuty(.aggregator)
        script.begin()
        script.pass(.seconds(384))
        script.report(script.analysis(.nothingToDo))
        #expect(script.tree.contains("core/duty.aggregator 0-5"))
    }

    @Test("of a duty that only peers have, the root is told at its end")
    func peersOnly() {
        var script = ScriptedDuty(.attester)
        script.follow(.parSigExHandle, peer: PeerIndex(3))
        #expect(script.spans.count == 1)
        script.pass(.seconds(384))
        script.commit([.expired(script.duty)])
        #expect(script.tree == ["core/duty.attester 5-6", "  core/parsigex.Handle 5-6"])
    }

    @Test("a clock that steps back makes no span end before it starts")
    func clockSteps() {
        var script = ScriptedDuty(.attester)
        script.perform(.fetch(script.duty, .headRoot), .fetched(script.duty, .headRoot(.zero)), lasting: .seconds(-2))
        #expect(script.spans.allSatisfy { $0.start <= $0.end })
    }

    @Test("what is open when the process ends is told")
    func finish() {
        var script = ScriptedDuty(.attester)
        script.begin()
        script.fetch()
        script.spans += script.tracer.finish()
        #expect(script.tree.first == "core/duty.attester 0-9")
        #expect(script.tracer.finish().isEmpty)
    }

    // MARK: Bounds

    @Test("news of duties that are over leave nothing behind")
    func over() {
        var script = ScriptedDuty(.attester)
        script.pass(.seconds(500))
        script.follow(.parSigExHandle, peer: PeerIndex(3))
        script.fetch()
        script.report(.retrying(script.duty, step: .fetcher, detail: "late"))
        #expect(script.spans.isEmpty && script.tracer.finish().isEmpty)
    }

    @Test("peers that name more duties than there are crowd out the oldest")
    func dutiesMax() {
        var script = ScriptedDuty(.exit)
        for slot in 0..<UInt64(DutyTracer.dutiesMax) + 500 {
            _ = script.tracer.begins(.parSigExHandle, Duty(slot: Slot(slot), type: .exit), at: script.now)
        }
        let roots = script.tracer.finish()
        #expect(roots.count == DutyTracer.dutiesMax)
        #expect(Set(roots.map(\.trace)).contains(TraceID(Duty(slot: 4595, type: .exit), lockHash: Root(padding: [1]))))
    }

    @Test("a duty's texts and events are cut")
    func eventsMax() throws {
        var script = ScriptedDuty(.attester)
        script.begin()
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<1000 { script.report(.retrying(script.duty, step: .fetcher, detail: text)) }
        script.perform(
            .fetch(script.duty, .headRoot), .fetchFailed(script.duty, Failure(reason: text, isTemporary: true)))
        script.report(script.analysis(.failed(.fetchBNError)))
        let root = try #require(script.spans.last)
        #expect(root.parent == nil && root.events.count == DutyTrace.eventsMax)
        #expect(script.spans.allSatisfy { $0.heldBytes < 64 << 10 })
    }
}
