// A place to draw in, with mouse, finger or pen; a picture can be chosen as a file or pasted instead.
// Emits `picture` with {source, png}: a data address of a PNG, light strokes on black when it was drawn.
const SIDE = 320; // of the picture that is sent, in pixels; models that take pictures see far fewer

export default {
  template: `
    <div class="picture-input">
      <div class="board">
        <canvas ref="canvas" width="${SIDE}" height="${SIDE}" tabindex="0" role="img"
          :aria-label="label" aria-describedby="board-help"
          @pointerdown="begin" @pointermove="go" @pointerup="end" @pointercancel="end"
          @keydown.delete.prevent="clear" @keydown.backspace.prevent="clear"></canvas>
        <span v-if="empty" class="board-hint" aria-hidden="true">{{ hint }}</span>
      </div>
      <p id="board-help" class="quiet small">Draw with mouse, finger or pen. Without one, choose a picture or paste
        it (Ctrl+V); Delete clears.</p>
      <div class="actions">
        <button type="button" class="button" @click="clear" :disabled="empty">Clear</button>
        <label class="button file"><input type="file" accept="image/png,image/jpeg" @change="choose"
          aria-label="Choose a picture"><span aria-hidden="true">Choose a picture</span></label>
      </div>
      <p v-if="trouble" class="field-error" role="alert">{{ trouble }}</p>
    </div>`,
  props: { label: String, hint: String, invert: Boolean },
  data() {
    return { empty: true, trouble: "", last: null };
  },
  mounted() {
    this.wipe();
    this.onPaste = (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
      if (file) this.read(file);
    };
    document.addEventListener("paste", this.onPaste);
  },
  unmounted() {
    document.removeEventListener("paste", this.onPaste);
  },
  methods: {
    context() {
      return this.$refs.canvas.getContext("2d");
    },
    wipe() {
      const context = this.context();
      context.fillStyle = this.invert ? "#fff" : "#000";
      context.fillRect(0, 0, SIDE, SIDE);
    },
    clear() {
      this.wipe();
      this.empty = true;
      this.trouble = "";
      this.$emit("picture", { source: "cleared", png: "" });
    },
    place(event) {
      const frame = this.$refs.canvas.getBoundingClientRect();
      return [((event.clientX - frame.left) / frame.width) * SIDE, ((event.clientY - frame.top) / frame.height) * SIDE];
    },
    begin(event) {
      if (event.button > 0) return;
      event.preventDefault();
      this.$refs.canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.stroke(this.last, this.last);
      this.empty = false;
      this.trouble = "";
    },
    go(event) {
      if (this.last === null) return;
      const now = this.place(event);
      this.stroke(this.last, now);
      this.last = now;
    },
    end() {
      if (this.last === null) return;
      this.last = null;
      this.send("drawn");
    },
    stroke(from, to) {
      const context = this.context();
      context.strokeStyle = this.invert ? "#000" : "#fff";
      context.lineWidth = SIDE / 9;
      context.lineCap = context.lineJoin = "round";
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(to[0] + 0.01, to[1]);
      context.stroke();
    },
    choose(event) {
      const file = event.target.files[0];
      event.target.value = "";
      if (file) this.read(file);
    },
    async read(file) {
      try {
        const picture = await createImageBitmap(file);
        const scale = Math.min(SIDE / picture.width, SIDE / picture.height);
        const [width, height] = [picture.width * scale, picture.height * scale];
        this.wipe();
        const context = this.context();
        context.imageSmoothingEnabled = scale < 1;
        context.imageSmoothingQuality = "high";
        context.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
        this.empty = false;
        this.trouble = "";
        this.send("chosen");
      } catch {
        this.trouble = `${file.name || "what was pasted"} is no picture that this browser reads; expected PNG or JPEG.`;
      }
    },
    send(source) {
      this.$emit("picture", { source, png: this.$refs.canvas.toDataURL("image/png") });
    },
  },
};
