import AsyncHTTPClient
import BeaconAPI
import Ethereum
import NIOCore

/// A call made on an event loop and answered on it: the exchange, the race between nodes and the answer stay on that one
/// thread, so nothing is handed over between the caller and the socket.
///
/// For the calls that duties wait for. Answers are read on the loop and are therefore small.
package final class LoopCall<Answer> {
    private let client: BeaconClient
    private let request: OutgoingRequest
    private let read: (HTTPClient.Response) throws -> Answer
    /// Nil once called, or cancelled.
    private var done: ((Result<Answer, BeaconError>) -> Void)?
    private var race: NodeRace
    private let exchanges = Exchanges()
    private var deadline: NIODeadline
    private var timer: Scheduled<Void>?
    private let start = ContinuousClock.now

    init(
        _ client: BeaconClient, _ request: OutgoingRequest, read: @escaping (HTTPClient.Response) throws -> Answer,
        done: @escaping (Result<Answer, BeaconError>) -> Void
    ) {
        client.loop.preconditionInEventLoop()
        self.client = client
        self.request = request
        self.read = read
        self.done = done
        race = client.race(request)
        deadline = NIODeadline.now() + TimeAmount(request.timeout)
        ask(race.start(at: .now))
    }

    /// `done` is not called any more. A submission under way goes on.
    package func cancel() {
        client.loop.preconditionInEventLoop()
        done = nil
        stop()
    }

    private func ask(_ nodes: [Int]) {
        let bound = NIOLoopBound(self, eventLoop: client.loop)
        for node in nodes {
            exchanges.begin(client, request, at: node, by: client.loopHTTP, deadline: deadline) {
                bound.value.arrived(node, $0)
            }
        }
        timer?.cancel()
        timer = race.lateAt.map { at in
            client.loop.assumeIsolated().scheduleTask(in: TimeAmount(ContinuousClock.now.duration(to: at))) {
                guard self.done != nil else { return }
                self.ask(self.race.late(at: .now))
            }
        }
    }

    private func arrived(_ node: Int, _ result: Result<HTTPClient.Response, any Error>) {
        guard done != nil else { return client.noteLateArrival(request, node, result) }
        do {
            let answer = try read(result.get())
            client.noteSuccess(node, request.name, of: race)
            end(.success(answer), node)
        } catch {
            switch race.failed(node, client.noteFailure(error, request, node), at: .now) {
            case .wait: break
            case .ask(let next):
                if race.isNewHeat { deadline = NIODeadline.now() + TimeAmount(request.timeout) }
                ask(next)
            case .over(let failure): end(.failure(failure), nil)
            }
        }
    }

    private func end(_ result: Result<Answer, BeaconError>, _ node: Int?) {
        var record = BeaconCallRecord(
            endpoint: request.name, duration: start.duration(to: .now), usedFallback: race.usesFallback)
        record.node = node.map { client.nodes[$0] }
        if case .failure(let error) = result { record.error = error }
        client.configuration.observe(record)
        stop()
        defer { done = nil }
        done?(result)
    }

    private func stop() {
        timer?.cancel()
        client.leave(exchanges, of: request)
    }
}

/// An attestation submission as it goes out. Made anywhere: writing a thousand of them takes milliseconds.
package struct EncodedAttestations: Sendable {
    let endpoint: BeaconEndpoint
    let request: OutgoingRequest

    /// - Precondition: the submission has the form of the fork.
    package init(_ submission: AttestationSubmission, fork: ForkName, for client: BeaconClient) {
        precondition(submission.isForm(of: fork))
        endpoint = .submit(.attestations(fork, submission))
        request = OutgoingRequest(endpoint, timeout: client.configuration.timeout(endpoint))
    }
}

/// The duty calls, for a caller on `loop`. `done` is called once, on the loop, later, unless the call is cancelled.
extension BeaconClient {
    /// - Parameter fault: what is wrong with data of that slot; that node then loses.
    package func attestationData(
        _ slot: Slot, committee: CommitteeIndex, fault: @escaping (AttestationData) -> String?,
        done: @escaping (Result<AttestationData, BeaconError>) -> Void
    ) -> LoopCall<AttestationData> {
        let endpoint = BeaconEndpoint.attestationData(slot, committee)
        let request = OutgoingRequest(endpoint, timeout: configuration.timeout(endpoint))
        return LoopCall(
            self, request,
            read: { response in
                try Self.readRaw(response, of: endpoint) { body, _ in
                    let data = try Self.attestationData(body, slot)
                    if let fault = fault(data) { throw UnexpectedAnswer(description: fault) }
                    return data
                }
            },
            done: done)
    }

    /// Publishes at every node; done once one node has taken them.
    package func submit(
        _ attestations: EncodedAttestations, done: @escaping (Result<Void, BeaconError>) -> Void
    ) -> LoopCall<Void> {
        LoopCall(
            self, attestations.request,
            read: { try Self.read($0, of: attestations.endpoint) { _ in } }, done: done)
    }
}
