import NIOCore

/// Streams of one connection: negotiation, hand-over and sending.
extension ConnectionCore {
    // MARK: From the peer

    func handle(_ event: Yamux.Event) {
        switch event {
        case .opened(let id): accept(id)
        case .acknowledged: openWaiting()
        case .data(let id, let bytes):
            guard let stream = streams[id] else { return }
            receive(bytes, on: stream)
        case .finished(let id):
            guard let stream = streams[id] else { return }
            finishedThere(stream)
        case .reset(let id, let code):
            openWaiting()
            guard let stream = streams[id] else { return }
            remove(stream, .reset(code: code))
        case .windowOpened(let id):
            guard let stream = streams[id] else { return }
            serve(stream)
        case .refused: fault(.tooManyStreams)
        case .overflowed(let id):
            fault(.unreadBytes)
            guard let stream = streams[id] else { return }
            remove(stream, .reset(code: 0))
        case .pong: break
        case .wentAway(let code): close(.wentAway(code: code))
        }
    }

    private func accept(_ id: UInt32) {
        guard let connection else { return }
        let entry = StreamEntry(
            proposals: [], negotiation: .listener(MultistreamListener()),
            negotiationDeadline: .now() + timing.negotiationTimeout)
        entry.id = id
        streams[id] = StreamCore(connection: connection, entry: entry)
    }

    private func receive(_ bytes: ByteBuffer, on stream: StreamCore) {
        let entry = stream.entry.value
        guard let id = entry.id else { return }
        guard case .done = entry.negotiation else {
            entry.negotiationInput.gather(bytes)
            return negotiate(stream, entry, id)
        }
        traffic.note(received: bytes.readableBytes, of: entry.protocolID)
        if entry.intake != nil || entry.isDiscarding { return take(bytes, on: stream, entry, id) }
        if let diversion = entry.diversion {
            if !diversion.owes(bytes.readableBytes) { consumed(bytes.readableBytes, entry, id) }
            return diversion.receive(bytes)
        }
        let discarded = stream.deliver(bytes)
        if discarded > 0 { consumed(discarded, entry, id) }
    }

    /// Somebody read so many bytes. Messages are taken as they come and so may fill any window; what a conversation has
    /// in its window may lie there, and its peer has several.
    func consumed(_ bytes: Int, _ entry: StreamEntry, _ id: UInt32) {
        let windowMax = entry.isReadAtOnce ? Int.max : host.configuration.limits.unreadPerPeerMax / 4
        yamux.consumed(bytes, on: id, now: .now(), windowMax: windowMax)
    }

    private func negotiate(_ stream: StreamCore, _ entry: StreamEntry, _ id: UInt32) {
        var output = ByteBuffer()
        let before = entry.negotiationInput.readableBytes
        do {
            let agreed: String?
            switch entry.negotiation {
            case .dialer(var dialer, let lazy):
                agreed = try dialer.receive(&entry.negotiationInput, output: &output)
                entry.negotiation = .dialer(dialer, lazy: lazy)
            case .listener(var listener):
                agreed = try listener.receive(&entry.negotiationInput, output: &output) { host.serves($0) }
                entry.negotiation = .listener(listener)
            case .done: return
            }
            consumed(before - entry.negotiationInput.readableBytes, entry, id)
            if agreed != nil, entry.negotiationInput.readableBytes > 0, case .listener = entry.negotiation {
                entry.preface = output
            } else {
                yamux.send(&output, on: id)
            }
            if let agreed { finishNegotiation(stream, entry, agreed) }
        } catch {
            fault(.negotiation)
            if case .dialer(_, lazy: true) = entry.negotiation, let connection {
                let proposals = entry.proposals
                host.assumeIsolated { $0.lazyProtocolRefused(proposals, by: connection.peer) }
            }
            // A last `na` tells a lazy dialer why; its data, read as a proposal, is what broke.
            yamux.send(&output, on: id)
            yamux.reset(id)
            remove(stream, error == .refused ? .refused(entry.proposals) : .negotiation(error))
        }
    }

    /// The peer sent its request behind the proposal, so it does not wait for our yes: that may leave with the
    /// handler's answer, which saves a packet and a wake-up on both sides.
    private func holdPreface(of stream: StreamCore) {
        held.append(stream)
        guard holdTimer == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        holdTimer = loop.scheduleTask(in: timing.answerHold) {
            let core = bound.value
            core.holdTimer = nil
            let due = core.held
            core.held = []
            for stream in due { core.sendPreface(stream.entry.value) }
            core.flush()
        }
    }

    /// Sends it on its own.
    func sendPreface(_ entry: StreamEntry) {
        guard !entry.isGone, var preface = entry.preface, let id = entry.id else { return }
        entry.preface = nil
        yamux.send(&preface, on: id)
    }

    private func finishNegotiation(_ stream: StreamCore, _ entry: StreamEntry, _ protocolID: String) {
        let isInbound = if case .listener = entry.negotiation { true } else { false }
        entry.negotiation = .done
        entry.protocolID = protocolID
        let rest = entry.negotiationInput
        entry.negotiationInput = ByteBuffer()
        guard isInbound else {
            stream.agree(protocolID)
            if rest.readableBytes > 0 { receive(rest, on: stream) }
            settleIfSent(entry)
            return serve(stream)
        }
        accept(stream, entry, protocolID, rest)
        if entry.preface != nil, !entry.isGone { holdPreface(of: stream) }
    }

    private func accept(_ stream: StreamCore, _ entry: StreamEntry, _ protocolID: String, _ rest: ByteBuffer) {
        guard let connection else { return }
        switch host.admitMessage(protocolID, on: connection) {
        case .admitted(let intake):
            entry.intake = intake
            if rest.readableBytes > 0 { receive(rest, on: stream) }
        case .refused(let kind):
            fault(kind)
            stream.reset(code: 0)
        case .isNone:
            if rest.readableBytes > 0 { receive(rest, on: stream) }
            host.accept(Stream(stream, protocolID: protocolID))
        }
    }

    private func finishedThere(_ stream: StreamCore) {
        let entry = stream.entry.value
        entry.finishedThere = true
        if case .done = entry.negotiation {
            if entry.intake != nil, let id = entry.id { refuseMessage(stream, entry, id, .truncated) }
            if !entry.isDiscarding { stream.endInbound() }
            entry.diversion?.ended()
            removeIfOver(stream)
        } else if let id = entry.id {
            // The end came before the agreement: there will be none.
            yamux.reset(id)
            remove(stream, .negotiation(.malformed))
        }
    }

    // MARK: From our side

    /// Takes what woke us, and sends as much as window and socket allow, in one write.
    func drainOutbox() {
        guard let connection else { return }
        for stream in connection.takeOutbox() { serve(stream) }
        flush()
    }

    /// Streams refused for now get another chance.
    private func openWaiting() {
        for _ in 0..<waitingToOpen.count {
            guard let stream = waitingToOpen.popFirst() else { return }
            serve(stream)
            if stream.entry.value.id == nil, !stream.entry.value.isGone { return }
        }
    }

    private func serve(_ stream: StreamCore) {
        let entry = stream.entry.value
        guard !entry.isReady, !entry.isGone else { return }
        entry.isReady = true
        ready.append(stream)
        serveReady()
    }

    /// Every stream in turn, until nothing can be sent.
    func serveReady() {
        while let stream = ready.popFirst() {
            let entry = stream.entry.value
            entry.isReady = false
            if sendTurn(stream, entry) {
                entry.isReady = true
                ready.append(stream)
            }
            if yamux.output.readableBytes >= Self.outputBytesMax { flush() }
            // Goes on in `writabilityChanged`.
            if !isWritable, !ready.isEmpty { return }
        }
    }

    /// - Returns: whether the stream could send more at once.
    private func sendTurn(_ stream: StreamCore, _ entry: StreamEntry) -> Bool {
        guard !entry.isGone, announce(stream, entry), let id = entry.id else { return false }
        let window = yamux.sendWindow(id) - (entry.preface?.readableBytes ?? 0)
        let room = isWritable ? min(max(0, window), Self.turnBytesMax) : 0
        let work = stream.takeWork(bytesMax: room, maySend: entry.maySend)
        if let code = work.reset {
            yamux.reset(id, code: code)
            remove(stream, .reset(code: code))
            return false
        }
        send(work, entry, id)
        if work.credit > 0 { consumed(work.credit, entry, id) }
        if work.finish {
            yamux.finish(id)
            entry.finishedHere = true
            settleIfSent(entry)
            removeIfOver(stream)
        }
        if let diversion = entry.diversion, !work.chunks.isEmpty, stream.queuedBytes < StreamCore.outboundBytesMax / 2 {
            diversion.writabilityChanged()
        }
        if work.isClosed, entry.lingerDeadline == nil { entry.lingerDeadline = .now() + timing.linger }
        return work.hasMore && entry.maySend && yamux.sendWindow(id) > 0
    }

    private func send(_ work: StreamCore.Work, _ entry: StreamEntry, _ id: UInt32) {
        var chunks = work.chunks
        traffic.note(sent: chunks.reduce(0) { $0 + $1.readableBytes }, of: entry.protocolID)
        // A proposal goes at once, a yes waits for something to go with.
        let isProposal = if case .dialer = entry.negotiation { true } else { false }
        if var preface = entry.preface, isProposal || !chunks.isEmpty || work.finish {
            entry.preface = nil
            if let first = chunks.first, first.readableBytes <= Self.joinBytesMax {
                preface.writeImmutableBuffer(first)
                chunks[0] = preface
            } else {
                chunks.insert(preface, at: 0)
            }
        }
        for var chunk in chunks { yamux.send(&chunk, on: id) }
    }

    /// Gives a new stream its id and prepares header and proposal.
    ///
    /// - Returns: false when it has to wait, or needs no id any more.
    private func announce(_ stream: StreamCore, _ entry: StreamEntry) -> Bool {
        guard entry.id == nil else { return true }
        if stream.isGivenUp {
            entry.isGone = true
            return false
        }
        guard let id = yamux.open() else {
            waitingToOpen.append(stream)
            return false
        }
        entry.id = id
        streams[id] = stream
        guard case .dialer(let dialer, _) = entry.negotiation else { return true }
        var opening = ByteBuffer()
        dialer.start(into: &opening)
        entry.preface = opening
        return true
    }

    // MARK: Ends

    func removeIfOver(_ stream: StreamCore) {
        let entry = stream.entry.value
        guard entry.finishedHere, entry.finishedThere, !entry.isGone else { return }
        entry.isGone = true
        if let id = entry.id { streams[id] = nil }
        openWaiting()
    }

    private func remove(_ stream: StreamCore, _ error: StreamError) {
        let entry = stream.entry.value
        entry.isGone = true
        if let id = entry.id { streams[id] = nil }
        if entry.intake != nil, case .reset = error { fault(.handlerFailed) }
        entry.intake = nil
        stream.fail(error)
        entry.diversion?.ended()
        openWaiting()
        entry.settle(.failure(error))
    }

    func sweep(_ stream: StreamCore, now: NIODeadline) {
        let entry = stream.entry.value
        guard let id = entry.id else { return }
        let isNegotiating = if case .done = entry.negotiation { false } else { true }
        if isNegotiating, entry.negotiationDeadline <= now {
            fault(.negotiation)
        } else if let deadline = entry.intake?.deadline, deadline <= now {
            fault(.handlerTimedOut)
            entry.intake = nil
        } else if entry.onSent != nil, entry.negotiationDeadline <= now {
            // Slow is no fault; whoever sends will hear of it.
        } else if let deadline = entry.lingerDeadline, deadline <= now {
            fault(.streamNotClosed)
        } else {
            return
        }
        yamux.reset(id)
        remove(stream, .timedOut)
    }

    /// Messages whose stream could not even be opened in time.
    func sweepWaitingToOpen(now: NIODeadline) {
        let overdue = waitingToOpen.filter { stream in
            let entry = stream.entry.value
            return entry.onSent != nil && entry.negotiationDeadline <= now
        }
        guard !overdue.isEmpty else { return }
        for stream in overdue { stream.entry.value.isGone = true }
        waitingToOpen.removeAll { $0.entry.value.isGone }
        for stream in overdue { remove(stream, .timedOut) }
    }

    func fault(_ kind: PeerFault) {
        host.note(kind, of: connection?.peer)
    }
}

extension StreamCore {
    /// Reset before it was ever announced.
    fileprivate var isGivenUp: Bool { state.withLock { $0.failure != nil || $0.resetRequested != nil } }
}
