enum ElevenLabsTestsPlaceholder {}
