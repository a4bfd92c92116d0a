enum ElevenLabsPlaceholder {}
