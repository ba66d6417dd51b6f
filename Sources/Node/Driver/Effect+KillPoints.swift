#if STYX_KILL_POINTS
    import DutyWorkflow
    import Storage

    extension Effect {
        /// Where a test has the process killed: just before this is done, and just after. No `default`: what is new and
        /// commits us needs its points.
        package var killPoints: (before: KillPoint, after: KillPoint?)? {
            switch self {
            case .sendConsensus: (.vote, .voteSent)
            case .sendConsensusTo: (.decision, .decisionSent)
            case .shareWithPeers: (.share, .shareSent)
            case .shareWithPeer: (.shareAgain, .shareAgainSent)
            case .broadcast: (.broadcast, .broadcastSent)
            case .answer(_, .decided): (.serve, .served)
            case .answer(_, .submitted): (.safe, .saidSafe)
            case .sign: (.sign, nil)
            // Binds us to nothing that others see.
            case .persist, .note, .answer, .resolveDuties, .fetch, .exchangePriorities, .verify, .decodeAhead, .recover,
                .checkInclusion, .enterNewSet, .report:
                nil
            }
        }

        /// What the mutant that releases early does not hold back.
        var isRecord: Bool {
            switch self {
            case .persist, .note: true
            default: false
            }
        }
    }
#endif
