import BeaconAPI
@testable import BeaconClient
import BeaconTestSupport
import Ethereum
import NIOCore
import SSZ
import Synchronization
import TestSupport
import Testing

@Suite("calls made and answered on one event loop")
struct LoopCallTests {
    private static func data(_ slot: Slot, target: Epoch = 0) -> FakeBeaconNode.Answer {
        var data = AttestationData()
        data.slot = slot
        data.target.epoch = target
        return .json((["data": data.json()] as JSONValue).text())
    }

    /// Makes a call on the client's loop and waits for its answer, which must come there, once, and not at once.
    private static func call<Answer: Sendable>(
        _ client: BeaconClient,
        _ make:
            @escaping @Sendable (
                BeaconClient, @escaping (Result<Answer, BeaconError>) -> Void
            ) -> LoopCall<Answer>
    ) async throws -> Result<Answer, BeaconError> {
        let calls = Mutex(0)
        let result = try await client.loop.flatSubmit {
            let promise = client.loop.makePromise(of: Result<Answer, BeaconError>.self)
            let hasReturned = NIOLoopBoundBox(false, eventLoop: client.loop)
            _ = make(client) { result in
                #expect(client.loop.inEventLoop && hasReturned.value)
                calls.withLock { $0 += 1 }
                promise.succeed(result)
            }
            hasReturned.value = true
            return promise.futureResult
        }.get()
        try await client.loop.submit {}.get()
        #expect(calls.withLock { $0 } == 1)
        return result
    }

    private static func fetch(
        _ client: BeaconClient, slot: Slot = 7, fault: @escaping @Sendable (AttestationData) -> String? = { _ in nil }
    ) async throws -> Result<AttestationData, BeaconError> {
        try await call(client) { $0.attestationData(slot, committee: 0, fault: fault, done: $1) }
    }

    @Test("attestation data, from the fastest node that has them")
    func attestationData() async throws {
        try await FakeBeaconNode.with({ _ in .silence }, { _ in Self.data(7) }) { slow, quick in
            try await withClient([deadURL, slow.url, quick.url]) { client in
                let data = try await Self.fetch(client).get()
                #expect(data.slot == 7)
                #expect(client.ranking().first == 2)
                let target = try #require(quick.requests.first?.target)
                #expect(target == "/eth/v1/validator/attestation_data?slot=7&committee_index=0")
            }
        }
    }

    @Test("an answer for another slot, a refusal and a hang-up are errors; the fallback is asked when nobody is there")
    func failures() async throws {
        try await FakeBeaconNode.with({ _ in Self.data(8) }) { node in
            try await withClient([node.url]) { client in
                guard case .failure(let error) = try await Self.fetch(client) else { throw UnexpectedSuccess() }
                #expect("\(error)".contains("attestation data of slot 8"))
            }
        }
        try await FakeBeaconNode.with({ _ in FakeBeaconNode.Answer(hangsUp: true) }, { _ in Self.data(7) }) {
            broken, spare in
            try await withClient([broken.url], fallbacks: [spare.url]) { client in
                let data = try await Self.fetch(client).get()
                #expect(data.slot == 7)
                // Once more, in case the connection was just idle for too long.
                #expect(broken.requests.count == 2)
            }
        }
    }

    @Test("data in which the caller finds a fault lose, and their node is not asked first any more")
    func fault() async throws {
        let lied = Gate()
        try await FakeBeaconNode.with(
            { _ in
                defer { lied.open() }
                return Self.data(7, target: 1)
            },
            { _ in
                await lied.wait()
                return Self.data(7)
            }
        ) { liar, honest in
            try await withClient([liar.url, honest.url]) { client in
                let data = try await Self.fetch(client, fault: { $0.target.epoch == 0 ? nil : "wrong target" }).get()
                #expect(data.target.epoch == 0)
                let request = OutgoingRequest(.attestationData(7, 0), timeout: .seconds(2))
                var race = client.race(request)
                let asked = race.start(at: .now)
                #expect(asked == [1])
            }
            try await withClient([liar.url]) { client in
                let result = try await Self.fetch(client, fault: { _ in "wrong target" })
                guard case .failure(let error) = result else { throw UnexpectedSuccess() }
                #expect(error.isTemporary && "\(error)".contains("wrong target"))
            }
        }
    }

    @Test("silence is a time-out")
    func timeout() async throws {
        try await FakeBeaconNode.with({ _ in .silence }) { node in
            try await withClient([node.url], configure: { $0.readTimeout = .milliseconds(50) }) { client in
                guard case .failure(let error) = try await Self.fetch(client) else { throw UnexpectedSuccess() }
                #expect(error.cause == .timeout)
            }
        }
    }

    @Test("who cancels hears nothing more")
    func cancelled() async throws {
        let asked = Gate()
        try await FakeBeaconNode.with({ _ in
            asked.open()
            return .silence
        }) { node in
            try await withClient([node.url]) { client in
                let call = try await client.loop.submit {
                    NIOLoopBound(
                        client.attestationData(1, committee: 0, fault: { _ in nil }) { _ in
                            Issue.record("answered")
                        },
                        eventLoop: client.loop)
                }.get()
                await asked.wait()
                try await client.loop.submit { call.value.cancel() }.get()
            }
        }
    }

    @Test("a submission reaches every node; what is known already is taken")
    func submit() async throws {
        let release = Gate()
        let arrived = Gate()
        try await FakeBeaconNode.with(
            { _ in .json(APIErrorBody(code: 400, message: "PriorAttestationKnown").json().text(), status: 400) },
            { _ in
                await release.wait()
                arrived.open()
                return .json("")
            }
        ) { quick, slow in
            try await withClient([quick.url, slow.url]) { client in
                let attestations = EncodedAttestations(.single([SingleAttestation()]), fork: .fulu, for: client)
                try await Self.call(client) { $0.submit(attestations, done: $1) }.get()
                release.open()
                await arrived.wait()
                #expect(slow.requests.first?.body == quick.requests.first?.body)
            }
        }
    }

    private struct UnexpectedSuccess: Error {}
}
