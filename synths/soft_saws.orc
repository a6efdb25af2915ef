; Soft saws: two saws a little apart, left and right, through a low-pass that the velocity opens.
; CC0-1.0, as all sounds of legato's own: copy it, change it, name yours in params.yaml.
;
; p3 is how long a note is held (s), p4 its key, p5 its velocity (1 to 127). `bend` (semitones) and `wheel` (0 to 1) move
; while it plays. The four other channels are what `set` may name, in the units that are in their names.

instr 1
  iVelocity = p5 / 127
  iCutoff chnget "cutoff_hz"
  iDetune chnget "detune_cents"
  iAttack chnget "attack_s"
  iRelease chnget "release_s"
  kBend chnget "bend"
  kWheel chnget "wheel"

  ; Not set: what an orchestra is when a category names no channel. A channel that nobody sets is 0.
  iCutoff = iCutoff > 0 ? iCutoff : 1200
  iDetune = iDetune > 0 ? iDetune : 8
  iAttack = iAttack > 0 ? iAttack : 0.02
  iRelease = iRelease > 0 ? iRelease : 0.3

  kVibrato lfo 0.25 * kWheel, 5.5
  kHz = cpsmidinn(p4) * semitone(kBend + kVibrato)
  aLeft vco2 1, kHz * cent(-iDetune / 2)
  aRight vco2 1, kHz * cent(iDetune / 2), 0, 0.5, 0.37

  ; The filter opens up to three octaves with the attack, the more the harder the key is struck.
  aEnvelope madsr iAttack, 0.6, 0.7, iRelease
  kOpen madsr iAttack, 0.9, 0.3, iRelease
  kCutoff limit iCutoff * octave(3 * kOpen * iVelocity - 1), 30, 16000
  aLeft zdf_2pole aLeft, kCutoff, 0.8
  aRight zdf_2pole aRight, kCutoff, 0.8

  iGain = 0.12 * iVelocity ^ 1.5
  outs aLeft * aEnvelope * iGain, aRight * aEnvelope * iGain
endin
