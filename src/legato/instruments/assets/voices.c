// legato's own architecture for Faust: voices that are struck, stolen and let go, a bus, and one class that hears the sum.
// Our own code, CC0-1.0. `building.py` puts the generated classes before it, and with them
//     SOUNDS    the classes that a note can strike, POST the class that hears all of them, if there is one
//
// Key idea: what comes out depends on the frame alone, never on how many frames are asked for at once. So blocks lie on a
// grid of BLOCK frames from the start of the part, and end early only where an event is. The host asks for whole blocks.
#define EXPORT(name) __attribute__((export_name(#name)))
enum { BLOCK = 64, MOST_PARAMS = 96, MOST_VOICES = 64, MOST_HELD = 64, CHUNK = 16384, QUIET_FRAMES = 4096 };
enum { OFF, ON, BEND, SET, LEVEL, WHEEL };
static const double FADE_S = 0.006, LEVEL_S = 0.005, QUIET = 1e-5;

typedef struct {
    int32_t frame, kind, id, sound;  // of SET, `id` is the parameter
    float a, b;                      // ON: pitch, velocity; BEND: semitones; SET: value; LEVEL: left, right; WHEEL: 0 to 1
} Event;

typedef struct {
    void* dsp;
    const Sound* sound;
    FAUSTFLOAT* zones[MOST_PARAMS];
    int32_t id, order, quiet;
    double pitch, fade;  // fade: 1, or falling to 0
    int is_idle, is_held, is_fading;
} Voice;

static const char* names[MOST_PARAMS];
static int n_params, n_voices, polyphony, is_one_shot, n_struck;
static int freq_at, velocity_at, gate_at, strike_at, legato_at, seed_at, wheel_at;
static Voice voices[MOST_VOICES];
static Voice post;
static double sample_rate, bend, fade_step, level_step, level[2], level_aim[2];
static int64_t now;
static const Event *next_event, *last_event;
static float left[CHUNK], right[CHUNK];
static struct { int32_t id; double pitch; float velocity; } held[MOST_HELD];  // keys of a lone voice, the last one last
static int n_held;

// ---- parameters: each class names its own; one name is one number for all of them
static FAUSTFLOAT nowhere;
static int number_of(const char* name) {
    for (int i = 0; i < n_params; i++)
        if (!strcmp(names[i], name)) return i;
    if (n_params == MOST_PARAMS) __builtin_trap();
    names[n_params] = name;
    return n_params++;
}
static void found(void* voice, const char* name, FAUSTFLOAT* zone) { ((Voice*)voice)->zones[number_of(name)] = zone; }
static void slider(void* voice, const char* name, FAUSTFLOAT* zone, FAUSTFLOAT init, FAUSTFLOAT low, FAUSTFLOAT high, FAUSTFLOAT step) {
    (void)init, (void)low, (void)high, (void)step;
    found(voice, name, zone);
}
static void box(void* voice, const char* name) { (void)voice, (void)name; }
static void close_box(void* voice) { (void)voice; }
static void meter(void* voice, const char* name, FAUSTFLOAT* zone, FAUSTFLOAT low, FAUSTFLOAT high) {
    (void)voice, (void)name, (void)zone, (void)low, (void)high;
}
static void file(void* voice, const char* name, const char* url, struct Soundfile** zone) {
    (void)voice, (void)name, (void)url, (void)zone;
}
static void note(void* voice, FAUSTFLOAT* zone, const char* key, const char* value) { (void)voice, (void)zone, (void)key, (void)value; }

static void make(Voice* voice, const Sound* sound) {
    UIGlue glue = {voice, box, box, box, close_box, found, found, slider, slider, slider, meter, meter, file, note};
    voice->sound = sound;
    voice->dsp = calloc(1, sound->size);
    if (!voice->dsp) __builtin_trap();
    for (int i = 0; i < MOST_PARAMS; i++) voice->zones[i] = &nowhere;
    sound->init(voice->dsp, (int)sample_rate);
    sound->ui(voice->dsp, &glue);
    voice->is_idle = 1;
}
static void put(Voice* voice, int at, double value) { *voice->zones[at] = (FAUSTFLOAT)value; }

// `voices_wanted`: how many sound at once; of a drum machine, of each of its sounds
EXPORT(open) int open_instrument(int rate, int voices_wanted, int one_shot) {
    sample_rate = rate, polyphony = voices_wanted, is_one_shot = one_shot;
    fade_step = 1 / (FADE_S * rate), level_step = 1 - exp(-1 / (LEVEL_S * rate));
    level[0] = level[1] = level_aim[0] = level_aim[1] = 1;
    int n_each = N_SOUNDS ? (one_shot ? voices_wanted + 1 : voices_wanted == 1 ? 1 : voices_wanted + 8) : 0;
    n_voices = n_each * N_SOUNDS;
    if (n_voices > MOST_VOICES) __builtin_trap();
    for (int i = 0; i < N_SOUNDS; i++) SOUNDS[i].class_init(rate);
    for (int i = 0; i < n_voices; i++) make(&voices[i], &SOUNDS[i / n_each]);
    if (POST) POST->class_init(rate), make(&post, POST);
    freq_at = number_of("freq"), velocity_at = number_of("velocity"), gate_at = number_of("gate");
    strike_at = number_of("strike"), legato_at = number_of("legato"), seed_at = number_of("seed"), wheel_at = number_of("wheel");
    return n_params;
}
EXPORT(name) const char* name_of(int at) { return names[at]; }
EXPORT(set) void set_all(int at, float value) {
    for (int i = 0; i < n_voices; i++) put(&voices[i], at, value);
    if (POST) put(&post, at, value);
}
EXPORT(events) Event* room_for(int n) {
    Event* at = calloc(n + 1, sizeof(Event));
    if (!at) __builtin_trap();
    next_event = at, last_event = at + n;
    return at;
}
EXPORT(left) float* left_at(void) { return left; }
EXPORT(right) float* right_at(void) { return right; }
EXPORT(chunk) int chunk(void) { return CHUNK; }

// ---- notes
static double hz(const Voice* voice) {  // what is bent out of hearing stays at its edge
    double bent = 440 * exp2((voice->pitch + bend - 69) / 12);
    return bent < 8 ? 8 : bent > 0.4 * sample_rate ? 0.4 * sample_rate : bent;
}
static double drawn(uint32_t id) {  // of a note, between 0 and 1: the finisher of MurmurHash3 (public domain)
    id = (id ^ id >> 16) * 0x85ebca6bu, id = (id ^ id >> 13) * 0xc2b2ae35u;
    return ((id ^ id >> 16) >> 8) / 16777216.0;
}
static void start(Voice* voice, const Event* e) {
    int was_idle = voice->is_idle;
    if (was_idle) voice->sound->clear(voice->dsp), put(voice, seed_at, drawn((uint32_t)e->id + 1));
    voice->id = e->id, voice->order = ++n_struck, voice->quiet = 0, voice->pitch = e->a, voice->fade = 1;
    voice->is_idle = voice->is_fading = 0, voice->is_held = 1;
    put(voice, velocity_at, e->b), put(voice, gate_at, 1), put(voice, freq_at, hz(voice)), put(voice, legato_at, 0);
    put(voice, strike_at, was_idle ? 0 : 1 - *voice->zones[strike_at]);
}
static void fade_out(Voice* voice) { voice->is_fading = !voice->is_idle; }

// An idle voice; else, of those that fade, the most silent one. When too many sound, the oldest one fades: first of those
// let go, then of all.
static Voice* take(int from, int to) {
    Voice *idle = 0, *faint = 0, *old = 0;
    int n_sounding = 0;
    for (Voice* v = voices + from; v < voices + to; v++) {
        if (v->is_idle) {
            if (!idle) idle = v;
        } else if (v->is_fading) {
            if (!faint || v->fade < faint->fade) faint = v;
        } else {
            n_sounding++;
            if (!old || v->is_held < old->is_held || (v->is_held == old->is_held && v->order < old->order)) old = v;
        }
    }
    if (n_sounding >= polyphony && old) fade_out(old);
    Voice* chosen = idle ? idle : faint ? faint : old;
    chosen->is_idle = 1;
    return chosen;
}
static void lone_on(const Event* e) {
    Voice* v = &voices[0];
    if (n_held == MOST_HELD) memmove(held, held + 1, sizeof held[0] * --n_held);
    held[n_held].id = e->id, held[n_held].pitch = e->a, held[n_held].velocity = e->b, n_held++;
    if (n_held == 1) {
        start(v, e);
    } else {
        v->pitch = e->a, put(v, freq_at, hz(v)), put(v, legato_at, 1);
    }
}
static void lone_off(int32_t id) {
    int at = 0;
    while (at < n_held && held[at].id != id) at++;
    if (at == n_held) return;
    int was_heard = at == n_held - 1;
    memmove(held + at, held + at + 1, sizeof held[0] * (--n_held - at));
    Voice* v = &voices[0];
    if (!n_held) {
        v->is_held = 0, put(v, gate_at, 0);
    } else if (was_heard) {
        v->pitch = held[n_held - 1].pitch, put(v, freq_at, hz(v)), put(v, legato_at, 1);
    }
}
static void on(const Event* e) {
    if (!is_one_shot && polyphony == 1) {
        lone_on(e);
        return;
    }
    int n_each = n_voices / N_SOUNDS_OR_1;
    if (CHOKES & (1u << e->sound))
        for (int i = 0; i < n_voices; i++)
            if (CHOKES & (1u << (i / n_each))) fade_out(&voices[i]);
    start(take(e->sound * n_each, (e->sound + 1) * n_each), e);
}
static void off(int32_t id) {
    if (is_one_shot) return;
    if (polyphony == 1) {
        lone_off(id);
        return;
    }
    for (int i = 0; i < n_voices; i++)
        if (!voices[i].is_idle && voices[i].is_held && voices[i].id == id) voices[i].is_held = 0, put(&voices[i], gate_at, 0);
}
static void hear(const Event* e) {
    if (e->kind == OFF) off(e->id);
    if (e->kind == ON) on(e);
    if (e->kind == SET) set_all(e->id, e->a);
    if (e->kind == WHEEL) set_all(wheel_at, e->a);
    if (e->kind == LEVEL) {
        level_aim[0] = e->a, level_aim[1] = e->b;
        if (!e->frame) level[0] = e->a, level[1] = e->b;
    }
    if (e->kind == BEND) {
        bend = e->a;
        for (int i = 0; i < n_voices; i++)
            if (!voices[i].is_idle) put(&voices[i], freq_at, hz(&voices[i]));
    }
}

// ---- sound
static void add(Voice* v, int n, float* l, float* r) {
    static float a[BLOCK], b[BLOCK];
    float* out[2] = {a, b};
    float peak = 0;
    v->sound->compute(v->dsp, n, 0, out);
    for (int i = 0; i < n; i++) {
        float x = fabsf(a[i]), y = fabsf(b[i]);
        if (v->is_fading) v->fade = v->fade > fade_step ? v->fade - fade_step : 0;
        l[i] += (float)(a[i] * v->fade), r[i] += (float)(b[i] * v->fade);
        peak = x > peak ? x : peak, peak = y > peak ? y : peak;
    }
    v->quiet = peak < QUIET ? v->quiet + n : 0;
    if (v->fade == 0 || (v->quiet >= QUIET_FRAMES && (is_one_shot || !v->is_held))) v->is_idle = 1, v->is_fading = 0;
}
static void play(int at, int n) {
    float *l = left + at, *r = right + at;
    for (int i = 0; i < n_voices; i++)
        if (!voices[i].is_idle) add(&voices[i], n, l, r);
    for (int i = 0; i < n; i++) {
        level[0] += (level_aim[0] - level[0]) * level_step, level[1] += (level_aim[1] - level[1]) * level_step;
        l[i] = (float)(l[i] * level[0]), r[i] = (float)(r[i] * level[1]);
    }
    if (POST) {
        static float a[BLOCK], b[BLOCK];
        float *in[2] = {a, b}, *out[2] = {l, r};
        memcpy(a, l, n * sizeof *l), memcpy(b, r, n * sizeof *r);
        post.sound->compute(post.dsp, n, in, out);
    }
}
// The next frames into `left` and `right`; an effect hears what lies there.
EXPORT(render) void render(int n) {
    if (n > CHUNK) __builtin_trap();
    if (N_SOUNDS) memset(left, 0, n * sizeof *left), memset(right, 0, n * sizeof *right);
    for (int at = 0; at < n;) {
        for (; next_event < last_event && next_event->frame <= now; next_event++) hear(next_event);
        int len = BLOCK - (int)(now % BLOCK);
        if (next_event < last_event && next_event->frame - now < len) len = (int)(next_event->frame - now);
        if (n - at < len) len = n - at;
        play(at, len);
        at += len, now += len;
    }
}
