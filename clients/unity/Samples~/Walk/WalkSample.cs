using System.Linq;
using Showroom.Unity;
using UnityEngine;

/// <summary>A visit without a headset: a camera at eye height, keys, and a line to type in.</summary>
public sealed class WalkSample : MonoBehaviour
{
    public ShowroomVisit visit;
    public Camera eyes;
    public PushToTalk talk;
    public float speed = 1.6f;
    string line = "";
    string said = "";

    void Reset()
    {
        visit = FindObjectOfType<ShowroomVisit>();
        eyes = Camera.main;
    }

    void Start()
    {
        visit.head = eyes.transform;
        visit.onReply.AddListener(text => said = text);
        visit.onProblem.AddListener(text => said = text);
        visit.onHeard.AddListener(text => said = text);
    }

    void Update()
    {
        var step = new Vector3(Input.GetAxis("Horizontal"), 0, Input.GetAxis("Vertical")) * speed * Time.deltaTime;
        var body = eyes.transform;
        body.position += Quaternion.Euler(0, body.eulerAngles.y, 0) * step;
        body.position = new Vector3(body.position.x, (float)visit.height * 0.935f, body.position.z);
        if (Input.GetMouseButton(1)) body.Rotate(0, Input.GetAxis("Mouse X") * 3, 0, Space.World);
    }

    void OnGUI()
    {
        GUILayout.BeginArea(new Rect(10, Screen.height - 90, Screen.width - 20, 80));
        GUILayout.Label(said);
        GUILayout.BeginHorizontal();
        line = GUILayout.TextField(line, GUILayout.Width(360));
        if (GUILayout.Button("Say") && line.Length > 0)
        {
            visit.Say(line);
            line = "";
        }
        if (talk != null && visit.CanHear && GUILayout.Button(talk.Talking ? "Said" : "Talk"))
        {
            if (talk.Talking) talk.Release();
            else talk.Hold();
        }
        foreach (var product in visit.Products.Values.Where(p => p.Kind == "garment" && !p.Worn))
            if (GUILayout.Button("Try on " + product.Target)) visit.TryOn(product.Target);
        if (GUILayout.Button("Size +")) visit.SizeUp();
        if (GUILayout.Button("Size −")) visit.SizeDown();
        if (GUILayout.Button("Undo")) visit.Undo();
        GUILayout.EndHorizontal();
        GUILayout.EndArea();
    }
}
