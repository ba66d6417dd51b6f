import ClusterSetup
import DKG
import Ethereum
import Logging
import NIOCore
import NIOPosix
import Program

/// Runs a `Ceremony`: brings it what happens, and does what it says, in its order.
///
/// On a thread of its own: the ceremony notes down what it hears before it answers, and a note waits for the disk.
package actor CeremonyDriver {
    /// How long others are told why, when it ends badly.
    private static let farewell = Duration.seconds(2)
    private static let tickInterval = Duration.milliseconds(100)
    /// Of a ceremony: several kinds of messages to each of 255 operators.
    private static let jobsMax = 1 << 16

    package struct Outcome: Sendable {
        /// Nil: an earlier process has written the files.
        package let made: CeremonyOutcome?
        package let warning: String?
    }

    /// What takes longer than a turn.
    private enum Job: Sendable {
        case send(Int, to: ParticipantIndex, CeremonyProtocol, [UInt8])
        case work(CeremonyWork)
        case write(CeremonyOutcome, continuing: Bool)
    }

    private let plan: CeremonyPlan
    private let seed: CeremonySeed
    private let file: StateFile
    private let send: @Sendable (ParticipantIndex, CeremonyProtocol, [UInt8]) async throws -> [UInt8]?
    private let write: @Sendable (CeremonyOutcome, _ continuing: Bool) async throws -> Void
    private let show: @Sendable (CeremonyView) -> Void
    private let warn: @Sendable (String) -> Void
    private let announce: @Sendable () -> Void
    private let loop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    private let jobs: AsyncStream<Job>
    private let jobSink: AsyncStream<Job>.Continuation
    private var ceremony: Ceremony
    private var result: Result<Outcome, CeremonyFailure>?
    private var shown: CeremonyView?
    private var ticks = 0
    private var isInterrupted = false
    /// A note could not be written: what the ceremony has come to since is on no disk, and nobody may see it.
    private var isUnstored = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - send: one message to one operator; returns the answer, where the protocol has one.
    ///   - write: puts the files where they belong.
    ///   - show: hears of what changes.
    ///   - warn: hears what went wrong although it goes on.
    ///   - announce: our sync streams have something new to say.
    package init(
        _ plan: CeremonyPlan, _ file: sending StateFile, on loop: any EventLoop,
        send: @escaping @Sendable (ParticipantIndex, CeremonyProtocol, [UInt8]) async throws -> [UInt8]?,
        write: @escaping @Sendable (CeremonyOutcome, _ continuing: Bool) async throws -> Void,
        show: @escaping @Sendable (CeremonyView) -> Void, warn: @escaping @Sendable (String) -> Void,
        announce: @escaping @Sendable () -> Void
    ) {
        self.plan = plan
        self.file = file
        self.send = send
        self.write = write
        self.show = show
        self.warn = warn
        self.announce = announce
        self.loop = loop
        executor = loop.executor
        seed = file.seed
        ceremony = Ceremony(plan, seed: file.seed, records: file.records, at: SystemClock.now())
        (jobs, jobSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.jobsMax))
    }

    // MARK: Events

    /// What to write back on a peer's sync stream.
    package struct SyncReply: Sendable {
        package let bytes: [UInt8]
        /// The stream is over then.
        package let ends: Bool
        /// It ends because the peer is done, and not because of a fault.
        package let isGoodbye: Bool
    }

    /// - Returns: nil: nothing, and the stream is over.
    package func answerSync(_ bytes: [UInt8], from peer: ParticipantIndex, stream: Int) -> SyncReply? {
        for case .answerSync(let answer, let ends) in receive(.syncMessage(peer, bytes, stream: stream)) {
            return SyncReply(bytes: answer, ends: ends, isGoodbye: ends && ceremony.failure == nil)
        }
        return nil
    }

    /// What to write back for a peer's message; nil: nothing.
    package func answer(_ bytes: [UInt8], _ protocolID: CeremonyProtocol, from peer: ParticipantIndex) -> [UInt8]? {
        for case .answer(let answer) in receive(.message(peer, protocolID, bytes)) { return answer }
        return nil
    }

    package func post(_ event: CeremonyEvent) { _ = receive(event) }

    /// What our sync stream says next; nil: nothing any more.
    package func syncMessage(to peer: ParticipantIndex) -> [UInt8]? {
        isUnstored ? nil : ceremony.syncMessage(to: peer, at: SystemClock.now())
    }

    package func wantsSyncStream(to peer: ParticipantIndex) -> Bool { ceremony.wantsSyncStream(to: peer) }

    /// - Returns: answers, which the caller writes.
    private func receive(_ event: CeremonyEvent) -> [CeremonyEffect] {
        guard !isInterrupted, !isUnstored else { return [] }
        let announced = ceremony.announced
        let effects = ceremony.receive(event, at: SystemClock.now())
        var answers: [CeremonyEffect] = []
        for effect in effects {
            switch effect {
            case .record(let record):
                do throws(StateFile.Fault) { try file.append(record) } catch {
                    isUnstored = true
                    end(
                        .failure(
                            CeremonyFailure(
                                culprit: nil, isForGood: false, "\(error); \(error.cure(path: file.path))")))
                    return []
                }
            case .send(let id, let peer, let protocolID, let bytes):
                jobSink.yield(.send(id, to: peer, protocolID, bytes))
            case .work(let work): jobSink.yield(.work(work))
            case .write(let outcome, let continuing): jobSink.yield(.write(outcome, continuing: continuing))
            case .answer, .answerSync: answers.append(effect)
            case .finished(let outcome, let warning):
                end(.success(Outcome(made: outcome, warning: warning)))
            case .failed(let failure): end(.failure(failure))
            case .warning(let text): warn(text)
            }
        }
        // Now that it is on disk.
        if ceremony.announced != announced { announce() }
        if case .tick = event { ticks += 1 }
        let view = ceremony.view
        // Times grow old without an event.
        if view != shown || ticks % 10 == 0 {
            shown = view
            show(view)
        }
        return answers
    }

    // MARK: Running

    /// Until the ceremony is over; notes are erased when they are of no more use.
    ///
    /// - Throws: `CeremonyFailure`, `CancellationError`.
    package func run() async throws -> Outcome {
        let ticker = loop.scheduleRepeatedTask(
            initialDelay: .zero, delay: TimeAmount(Self.tickInterval)
        ) { _ in self.assumeIsolated { $0.post(.tick) } }
        defer {
            ticker.cancel()
            // Interrupted: another process may go on with the notes from here.
            isInterrupted = result == nil
            file.release()
        }
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await self.perform(job) } }
            group.cancelAll()
        }
        try Task.checkCancellation()
        guard let result else { throw CancellationError() }
        switch result {
        case .success(let outcome):
            file.erase()
            return outcome
        case .failure(let failure):
            if failure.isForGood { file.erase() }
            // Others are told while the host still serves them.
            try? await Task.sleep(for: Self.farewell)
            throw failure
        }
    }

    private func end(_ result: Result<Outcome, CeremonyFailure>) {
        guard self.result == nil else { return }
        self.result = result
        jobSink.finish()
    }

    private nonisolated func perform(_ job: Job) async {
        switch job {
        case .send(let id, let peer, let protocolID, let bytes):
            do {
                await post(.sent(id, answer: try await send(peer, protocolID, bytes)))
            } catch {
                let isUnknown = error is UnknownProtocol
                await post(.sendFailed(id, reason: "\(error)", isUnknownProtocol: isUnknown))
            }
        case .work(let work):
            let (plan, seed) = (plan, seed)
            do {
                let result = try await TrustedDealer.onOwnThread { try work.perform(plan, seed) }
                await post(.worked(.success(result)))
            } catch {
                if !Task.isCancelled { await post(.worked(.failure(error))) }
            }
        case .write(let outcome, let continuing):
            do {
                try await write(outcome, continuing)
                await post(.written(.success(())))
            } catch {
                if !Task.isCancelled { await post(.written(.failure(error))) }
            }
        }
    }
}

/// The peer does not serve what a ceremony of this release needs.
struct UnknownProtocol: Error, CustomStringConvertible {
    let description: String
}
